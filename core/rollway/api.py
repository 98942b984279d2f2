"""What plugin authors import: hooks, descriptors, the kinds, values of the domain, and judge specifications.

Nothing else of Rollway is public to a plugin. `rollway.testing` holds the suites that prove one right.
"""

from rollway.artifact.unpacking import unpack
from rollway.config.types import CommandLine, Duration, Ratio, Secret, Settings, Share, Weight
from rollway.domain.effects import Effect, Mark, Token
from rollway.domain.findings import Finding, Grade
from rollway.domain.instances import Group, Health, Instance
from rollway.domain.plan import (
    Gate,
    Hook,
    Instruction,
    Mirror,
    Observe,
    Plan,
    PlanContext,
    Promote,
    Provision,
    Replace,
    Retire,
    Route,
    Shift,
    Step,
    Verify,
)
from rollway.domain.split import EMPTY, WHOLE, Split
from rollway.domain.traffic import (
    Address,
    Connections,
    GroupCounters,
    Histogram,
    RoutedGroup,
    RouterState,
    Routing,
)
from rollway.domain.words import CANARY, STABLE, Verdict
from rollway.errors import ArtifactError, PluginError
from rollway.evidence.counts import Counts, Reading, Value
from rollway.evidence.specification import Comparison, Latency, Limit, Scalar, Specification
from rollway.plugin.descriptor import (
    API_VERSION,
    Check,
    Descriptor,
    MonitorDescriptor,
    RouterDescriptor,
    StrategyDescriptor,
    TargetDescriptor,
)
from rollway.plugin.hookspecs import hookimpl
from rollway.plugin.kinds import (
    LimitedMonitor,
    Monitor,
    Node,
    PacedMonitor,
    Router,
    StaleToken,
    Strategy,
    Target,
    Tick,
)

__all__ = [
    "API_VERSION",
    "CANARY",
    "EMPTY",
    "STABLE",
    "WHOLE",
    "Address",
    "ArtifactError",
    "Check",
    "CommandLine",
    "Comparison",
    "Connections",
    "Counts",
    "Descriptor",
    "Duration",
    "Effect",
    "Finding",
    "Gate",
    "Grade",
    "Group",
    "GroupCounters",
    "Health",
    "Histogram",
    "Hook",
    "Instance",
    "Instruction",
    "Latency",
    "Limit",
    "LimitedMonitor",
    "Mark",
    "Mirror",
    "Monitor",
    "MonitorDescriptor",
    "Node",
    "Observe",
    "PacedMonitor",
    "Plan",
    "PlanContext",
    "PluginError",
    "Promote",
    "Provision",
    "Ratio",
    "Reading",
    "Replace",
    "Retire",
    "Route",
    "RoutedGroup",
    "Router",
    "RouterDescriptor",
    "RouterState",
    "Routing",
    "Scalar",
    "Secret",
    "Settings",
    "Share",
    "Shift",
    "Specification",
    "Split",
    "StaleToken",
    "Step",
    "Strategy",
    "StrategyDescriptor",
    "Target",
    "TargetDescriptor",
    "Tick",
    "Token",
    "Value",
    "Verdict",
    "Verify",
    "Weight",
    "hookimpl",
    "unpack",
]
