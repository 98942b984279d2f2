"""What Envoy is told, as values: listeners, clusters, endpoints and routes made from what is routed. Pure.

A request passes two of Envoy's own listeners. The outer one belongs to an environment, takes it from the client and
chooses a group by weight; the cluster of that group leads to the group's inner listener, which spreads requests over
instances. Removing the inner listener is the only way to make Envoy end all connections of a group, open WebSockets
and event streams among them, while its instances live on. The outer cluster tries once and so counts every request of
a group once, as the client saw it; the inner cluster repeats what found no instance to connect to.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from rollway.api import Address
from rollway_plugins.envoy.bootstrap import TYPE, Document, source
from rollway_plugins.envoy.passing import http

NO_ADDRESS: Document = {"cidr_ranges": [{"address_prefix": "255.255.255.255", "prefix_len": 32}]}
"""No client is trusted to steer Envoy by x-envoy headers, one on this machine neither; no range means all private ones."""
FORWARDED_FOR: Document = {
    "header": {"key": "X-Forwarded-For", "value": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"},
    "append_action": "APPEND_IF_EXISTS_OR_ADD",
}
"""What Envoy appends by itself is, for a client on this machine, the address of some network card."""
RETRY: Document = {
    "retry_on": "connect-failure",
    "num_retries": 3,
    "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.05s"},
    "host_selection_retry_max_attempts": 5,
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": f"{TYPE}envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
            },
        }
    ],
}
"""Only what surely reached no instance is repeated, and on another one."""

TIMEOUT_HEADER = "x-envoy-upstream-rq-timeout-ms"
"""Carries an environment's time-out to the inner listener, which obeys it: there a request that is too late has become a
504, or an answer that breaks off, before the group's cluster counts it once. A client's own is taken away before."""
TRUST_HEADER = "x-rollway-inside"
"""Makes the inner listener obey `TIMEOUT_HEADER`: it does so only for a request from an address inside."""
LOOPBACK: Document = {"address_prefix": "127.0.0.1", "prefix_len": 32}
OWN_HEADERS = (
    TRUST_HEADER,
    "x-envoy-attempt-count",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-envoy-original-path",
)
WARMING = "warming"
"""A listener that Envoy has taken over and not opened yet."""
NOBODY: Document = {
    "match": {"prefix": ""},
    "direct_response": {"status": 503, "body": {"inline_string": "no release serves requests here\n"}},
}
"""The route of an empty split."""


def discovery(kind: str, resources: Iterable[Document]) -> Document:
    """The file of one discovery service; its version is a digest of its content."""
    typed = [{"@type": f"{TYPE}envoy.config.{kind}", **resource} for resource in resources]
    digest = hashlib.sha256(json.dumps(typed, sort_keys=True).encode()).hexdigest()
    return {"version_info": digest[:20], "resources": typed}


def listener_file(listeners: Iterable[Document]) -> Document:
    """The LDS file."""
    return discovery("listener.v3.Listener", listeners)


def cluster_file(clusters: Iterable[Document]) -> Document:
    """The CDS file."""
    return discovery("cluster.v3.Cluster", clusters)


def route_file(routes: Document) -> Document:
    """The RDS file of one environment."""
    return discovery("route.v3.RouteConfiguration", [routes])


def owned(environment: str) -> Document:
    """Names the environment a listener or cluster belongs to; Envoy keeps it and looks past it."""
    return {"filter_metadata": {"rollway": {"environment": environment}}}


def owner(resource: Document) -> object:
    """The environment a listener or cluster belongs to."""
    metadata = resource["metadata"]
    return metadata["filter_metadata"]["rollway"]["environment"]  # type: ignore[index]


def outer_listener(environment: str, address: Address, routes: Path) -> Document:
    """Where clients of an environment connect. Never redefined: what may change stands in its routes."""
    return {
        "name": f"outer-{environment}-{address}",
        "metadata": owned(environment),
        "address": socket_address(address),
        # Without this two programs could listen on one port and share its connections unseen.
        "enable_reuse_port": False,
        "filter_chains": [
            {
                "filters": [
                    http(
                        {
                            "stat_prefix": "outer",
                            "rds": {"route_config_name": environment, "config_source": source(routes)},
                            "use_remote_address": True,
                            "skip_xff_append": True,
                            "internal_address_config": NO_ADDRESS,
                        }
                    )
                ]
            }
        ],
    }


def inner_listener(environment: str, group: str) -> Document:
    """What leads from a group's cluster to its instances; its removal ends all their connections."""
    route = {"cluster": inner_name(group), "timeout": "0s", "idle_timeout": "0s", "retry_policy": RETRY}
    fields = {
        "stat_prefix": "inner",
        "route_config": {
            "name": inner_name(group),
            "request_headers_to_remove": list(OWN_HEADERS),
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": ""}, "route": route}]}
            ],
        },
        "skip_xff_append": True,
        "internal_address_config": {"cidr_ranges": [LOOPBACK]},
        "original_ip_detection_extensions": [
            {
                "name": "envoy.http.original_ip_detection.custom_header",
                "typed_config": {
                    "@type": TYPE
                    + "envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig",
                    "header_name": TRUST_HEADER,
                    "allow_extension_to_set_address_as_trusted": True,
                },
            }
        ],
    }
    return {
        "name": inner_name(group),
        "metadata": owned(environment),
        "internal_listener": {},
        "filter_chains": [{"filters": [http(fields, counting=False)]}],
    }


def inner_name(group: str) -> str:
    """The name of a group's inner listener and of the cluster behind it."""
    return f"inner-{group}"


def upgraded_name(group: str) -> str:
    """The name of the cluster that counts a group's upgraded connections.

    They are counted apart because a WebSocket that its server ends looks like an answer that broke off.
    """
    return f"upgraded-{group}"


def socket_address(address: Address) -> Document:
    """An address as Envoy writes it."""
    return {"socket_address": {"address": address.host, "port_value": address.port}}


def routes(
    environment: str, shares: Mapping[str, int], timeout: float | None, metadata: Mapping[str, object]
) -> Document:
    """How requests of an environment are shared; `metadata` is kept in it for whoever reads the file."""
    late = [
        added(TRUST_HEADER, str(LOOPBACK["address_prefix"])),
        added(TIMEOUT_HEADER, str(round((timeout or 0) * 1000))),
    ]
    return {
        "name": environment,
        "virtual_hosts": [
            {
                "name": "all",
                "domains": ["*"],
                "routes": shared(shares) if any(shares.values()) else [NOBODY],
                "metadata": {"filter_metadata": {"rollway": dict(metadata)}},
                "request_headers_to_add": [FORWARDED_FOR, *(late if timeout else ())],
            }
        ],
    }


def added(name: str, value: str) -> Document:
    """A header put into a request."""
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def shared(shares: Mapping[str, int]) -> list[Document]:
    """The routes that share requests by weight, upgraded ones first."""
    upgrading = {"prefix": "", "headers": [{"name": "upgrade", "present_match": True}]}
    return [
        {
            "match": upgrading,
            "route": weighted({upgraded_name(name): share for name, share in shares.items()}),
        },
        {"match": {"prefix": ""}, "route": weighted(shares)},
    ]


def weighted(shares: Mapping[str, int]) -> Document:
    """Clusters by weight; those without are left out."""
    weights = [{"name": name, "weight": weight} for name, weight in sorted(shares.items()) if weight]
    return {"weighted_clusters": {"clusters": weights}, "timeout": "0s", "idle_timeout": "0s"}
