"""The clusters of a group: two by which it is counted, and that of its instances. Pure."""

from rollway.api import RoutedGroup
from rollway_plugins.envoy.bootstrap import TYPE, Document
from rollway_plugins.envoy.documents import inner_name, owned, socket_address, upgraded_name
from rollway_plugins.envoy.passing import preserve_case

SOCKETS = f"{TYPE}envoy.extensions.transport_sockets."
UNLIMITED = 4_294_967_295
UPSTREAM_IDLE = "1s"
"""An idle connection to an instance is ended after this: earlier than the servers do it (uvicorn, node: 5 s), because a
request written while the server closes is lost and must not be repeated."""
INNER_IDLE = "3600s"


def counted_clusters(environment: str, group: str, release: str) -> tuple[Document, Document]:
    """The clusters by which a group is counted, its upgraded connections apart.

    They depend on nothing that changes in the life of a group: Envoy resets the counters of a cluster it is told anew.
    """
    return (
        outer_cluster(environment, group, group, f"{group};{release};"),
        outer_cluster(environment, group, upgraded_name(group), f"{group};{release};upgraded;"),
    )


def inner_cluster(environment: str, group: RoutedGroup) -> Document:
    """The cluster of a group's instances, told anew whenever they change; nothing is counted by it.

    A file of endpoints per group (EDS) would take one of the few inotify instances a user may have (128 by default)
    for each group, and an Envoy that gets none aborts.
    """
    answering = [{"endpoint": {"address": socket_address(address)}} for address in group.endpoints]
    return {
        "name": inner_name(group.id),
        "metadata": owned(environment),
        "type": "STATIC",
        "lb_policy": "ROUND_ROBIN",
        "load_assignment": {"cluster_name": inner_name(group.id), "endpoints": [{"lb_endpoints": answering}]},
        **towards(idle=UPSTREAM_IDLE),
    }


def outer_cluster(environment: str, group: str, name: str, counted_as: str) -> Document:
    """A cluster that leads to a group's inner listener."""
    inside = {"envoy_internal_address": {"server_listener_name": inner_name(group)}}
    return {
        "name": name,
        "metadata": owned(environment),
        "alt_stat_name": counted_as,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": inside}}]}],
        },
        "transport_socket": {
            "name": "envoy.transport_sockets.internal_upstream",
            "typed_config": {
                "@type": SOCKETS + "internal_upstream.v3.InternalUpstreamTransport",
                "transport_socket": {
                    "name": "envoy.transport_sockets.raw_buffer",
                    "typed_config": {"@type": SOCKETS + "raw_buffer.v3.RawBuffer"},
                },
            },
        },
        **towards(idle=INNER_IDLE),
    }


def towards(idle: str) -> Document:
    """How any cluster is talked to: HTTP/1.1, without limits of Envoy's own."""
    return {
        "connect_timeout": "5s",
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": UNLIMITED,
                    "max_pending_requests": UNLIMITED,
                    "max_requests": UNLIMITED,
                    "max_retries": UNLIMITED,
                }
            ]
        },
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": TYPE + "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {"idle_timeout": idle, "max_headers_count": 1_000},
                "explicit_http_config": {
                    "http_protocol_options": {"enable_trailers": True, "header_key_format": preserve_case()}
                },
            }
        },
    }
