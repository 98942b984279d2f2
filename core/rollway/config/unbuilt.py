"""What the contract knows and this version does not carry out. Building something means deleting its entry here.

Paths: `*` stands for any key or index. Each sentence says what is missing and, if there is one, the way around.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rollway.config.plugins import Kind

_STEP: Final = "environments.*.strategy.steps.*"

KEYS: Final[Mapping[str, str]] = {
    "source": "fetching source is not built yet; run `rollway deploy` in a checkout",
    "build.use": "builders are not built yet; build first, then deploy the result with `build.artifact` or `--artifact`",
    "build.run": "running a build is not built yet; build first, then deploy with `build.artifact` or `--artifact`",
    "pipeline": "pipelines are not built yet; deploy each environment with `rollway deploy ENV`",
    "environments.*.hooks": "hooks are not built yet",
    "environments.*.notify": "notifications are not built yet; follow a rollout with `rollway deploy` or `rollway events`",
    "environments.*.strategy.bake": "baking is not built yet; give the last step a longer `hold`",
    "environments.*.strategy.capacity": "capacity that follows the weight is not built yet",
    f"{_STEP}.scale": "scaling in a step is not built yet",
    f"{_STEP}.route": "routing by header or cookie is not built yet; use `weight`",
    f"{_STEP}.mirror": "mirroring is not built yet; use a small `weight`",
    f"{_STEP}.run": "commands in a step are not built yet",
    f"{_STEP}.observe": "`observe` is not built yet; use `hold`",
    f"{_STEP}.wait_for": "waiting for an outside system is not built yet",
    f"{_STEP}.approve": "approvals are not built yet",
    "environments.*.monitors.*.warm_up": "a warm-up before measuring is not built yet",
}
"""Keys that are refused wherever they have a value."""

VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "environments.*.on_busy": {
        "replace": "replacing a running rollout is not built yet; abort it first",
        "queue": "queueing is not built yet; deploy again when the running rollout has ended",
    },
}
"""Values that are refused, by path and value."""

PLUGINS: Final[Mapping[Kind, frozenset[str]]] = {
    "target": frozenset({"ssh", "docker", "container", "ecs", "function", "lambda", "kubernetes"}),
    "router": frozenset({"haproxy", "nginx", "dns", "api-gateway"}),
    "strategy": frozenset({
        "blue-green",
        "rolling",
        *(f"linear10percentEvery{period}" for period in ("1minute", "2minutes", "3minutes", "10minutes")),
        *(f"canary10percent{period}" for period in ("5minutes", "10minutes", "15minutes", "30minutes")),
    }),
    "monitor": frozenset({"latency", "prometheus", "scrape", "alerts"}),
    "scm": frozenset({"git", "github", "codecommit"}),
    "builder": frozenset({"shell", "container", "buildspec", "jenkins", "codebuild"}),
    "notifier": frozenset({"webhook", "slack", "email"}),
}  # fmt: skip
"""Names that are known and refused as long as no loaded plugin bears them."""
