"""The HTTP filter, set to change nothing of what passes. Pure."""

from collections.abc import Mapping

from rollway_plugins.envoy.bootstrap import TYPE, Document


def http(fields: Mapping[str, object], *, counting: bool = True) -> Document:
    """The HTTP filter, set to change nothing of what passes."""
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": TYPE
            + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "codec_type": "HTTP1",
            "http_protocol_options": {
                "accept_http_10": True,
                "default_host_for_http_10": "localhost",
                "enable_trailers": True,
                "header_key_format": preserve_case(),
            },
            "common_http_protocol_options": {
                "headers_with_underscores_action": "ALLOW",
                "max_headers_count": 1_000,
            },
            "generate_request_id": False,
            "preserve_external_request_id": True,
            "request_id_extension": {
                "typed_config": {
                    "@type": TYPE + "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
                    "pack_trace_reason": False,
                    "use_request_id_for_trace_sampling": False,
                }
            },
            "server_header_transformation": "PASS_THROUGH",
            "forward_client_cert_details": "ALWAYS_FORWARD_ONLY",
            "normalize_path": False,
            "merge_slashes": False,
            "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
            "proxy_100_continue": True,
            "upgrade_configs": [{"upgrade_type": "websocket"}],
            "stream_idle_timeout": "0s",
            "request_timeout": "0s",
            "request_headers_timeout": "0s",
            "delayed_close_timeout": "0.2s",
            "http_filters": [
                {
                    "name": "envoy.filters.http.router",
                    "typed_config": {
                        "@type": TYPE + "envoy.extensions.filters.http.router.v3.Router",
                        "suppress_envoy_headers": True,
                        "dynamic_stats": counting,
                    },
                }
            ],
            **fields,
        },
    }


def preserve_case() -> Document:
    """Header names keep their case."""
    return {
        "stateful_formatter": {
            "name": "preserve_case",
            "typed_config": {
                "@type": TYPE
                + "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig",
            },
        }
    }
