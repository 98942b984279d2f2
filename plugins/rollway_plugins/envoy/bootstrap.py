"""What one Envoy of a node is started with: everything that is not a listener, a cluster, an endpoint or a route."""

from collections.abc import Mapping
from pathlib import Path

Document = Mapping[str, object]

TYPE = "type.googleapis.com/"

# fmt: off
BOUNDS_MS = (
    1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8,
    10, 12, 15, 18, 22, 27, 33, 41, 51, 63, 78, 97,
    120, 150, 180, 220, 270, 330, 410, 510, 630, 780, 970,
    1_200, 1_500, 1_800, 2_200, 2_700, 3_300, 4_100, 5_100, 6_300, 7_800, 9_700,
    12_000, 15_000, 18_000, 22_000, 27_000, 33_000, 41_000, 51_000, 60_000,
)
# fmt: on
"""Upper bounds of the latency histogram in milliseconds, at most 1.25 apart.

Envoy keeps two significant digits of each sample, so a bound with more of them would split a bin by guessing.
"""

KEPT = (
    r"cluster\.[^.;]+;.*;\.upstream_(rq|cx)_.*",
    r"(listener_manager|cluster_manager|server|http\.outer)\..*",
)
"""The statistics kept, of some 150 per cluster: those of groups, not of what lies inside, and those of Envoy itself."""


def bootstrap(node: str, folder: Path, admin: Path) -> Document:
    """The bootstrap document of the Envoy that reads `folder` and whose admin listens on the UNIX socket `admin`."""
    return {
        "node": {"id": node, "cluster": "rollway"},
        "admin": {"address": {"pipe": {"path": str(admin), "mode": 0o600}}, "ignore_global_conn_limit": True},
        "dynamic_resources": {
            "lds_config": source(folder / "lds.json"),
            "cds_config": source(folder / "cds.json"),
        },
        "stats_flush_interval": "0.25s",
        "stats_config": {
            "use_all_default_tags": False,
            "stats_tags": stats_tags(),
            "histogram_bucket_settings": [
                {"match": {"suffix": "upstream_rq_time"}, "buckets": list(BOUNDS_MS)},
            ],
            "stats_matcher": {
                "inclusion_list": {"patterns": [{"safe_regex": {"regex": kept}} for kept in KEPT]}
            },
        },
        "bootstrap_extensions": [
            {
                "name": "envoy.bootstrap.internal_listener",
                "typed_config": {
                    "@type": TYPE + "envoy.extensions.bootstrap.internal_listener.v3.InternalListener"
                },
            }
        ],
    }


def source(path: Path) -> Document:
    """A configuration source that is one file."""
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def stats_tags() -> list[Document]:
    """How labels are taken from `cluster.GROUP;RELEASE;[upgraded;].NAME`; a release may contain dots, never a semicolon.

    Envoy drops the first group of each expression from the name and takes the second as the label's value.
    """
    return [
        {"tag_name": "rollway_group", "regex": r"^cluster(\.([^;.]+);)"},
        {"tag_name": "rollway_release", "regex": r"^cluster\.[^;.]+;(([^;]+);)"},
        {"tag_name": "rollway_upgraded", "regex": r"^cluster\.[^;.]+;[^;]+;((upgraded);)"},
        {"tag_name": "envoy_response_code_class", "regex": r"_rq(_(\d)xx)$"},
        {"tag_name": "envoy_response_code", "regex": r"_rq(_(\d{3}))$"},
    ]
