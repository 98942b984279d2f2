"""What plugin authors test with: fakes and one contract suite per kind of plugin.

Everything here is imported when it is first asked for: a suite needs pytest, the fakes do not. For failures that
explain themselves put `pytest.register_assert_rewrite("rollway.testing.contracts")` at the top of your conftest.py.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollway.testing.clock import (
        Stalled,
        VirtualClock,
        VirtualIdentifiers,
        VirtualTimeLoop,
        run_virtually,
    )
    from rollway.testing.contracts.clock import AlarmClockContract, ClockContract
    from rollway.testing.contracts.descriptor import DescriptorContract
    from rollway.testing.contracts.monitor import CountingMonitorContract, MonitorContract
    from rollway.testing.contracts.router import RouterContract, RouterRig
    from rollway.testing.contracts.store import SharedStoreContract, StoreContract
    from rollway.testing.contracts.strategy import StrategyContract
    from rollway.testing.contracts.target import TargetContract
    from rollway.testing.fake_monitor import FakeMonitor
    from rollway.testing.fake_router import FakeNode, FakeRouter
    from rollway.testing.fake_target import Behaviour, FakeMachine, FakeTarget
    from rollway.testing.faults import Breakable, Call, Fault
    from rollway.testing.memory_store import MemoryStore

__all__ = [
    "AlarmClockContract",
    "Behaviour",
    "Breakable",
    "Call",
    "ClockContract",
    "CountingMonitorContract",
    "DescriptorContract",
    "FakeMachine",
    "FakeMonitor",
    "FakeNode",
    "FakeRouter",
    "FakeTarget",
    "Fault",
    "MemoryStore",
    "MonitorContract",
    "RouterContract",
    "RouterRig",
    "SharedStoreContract",
    "Stalled",
    "StoreContract",
    "StrategyContract",
    "TargetContract",
    "VirtualClock",
    "VirtualIdentifiers",
    "VirtualTimeLoop",
    "run_virtually",
]

_HOME = {
    "clock": ("Stalled", "VirtualClock", "VirtualIdentifiers", "VirtualTimeLoop", "run_virtually"),
    "contracts.clock": ("AlarmClockContract", "ClockContract"),
    "contracts.descriptor": ("DescriptorContract",),
    "contracts.monitor": ("CountingMonitorContract", "MonitorContract"),
    "contracts.router": ("RouterContract", "RouterRig"),
    "contracts.store": ("SharedStoreContract", "StoreContract"),
    "contracts.strategy": ("StrategyContract",),
    "contracts.target": ("TargetContract",),
    "fake_monitor": ("FakeMonitor",),
    "fake_router": ("FakeNode", "FakeRouter"),
    "fake_target": ("Behaviour", "FakeMachine", "FakeTarget"),
    "faults": ("Breakable", "Call", "Fault"),
    "memory_store": ("MemoryStore",),
}


def __getattr__(name: str) -> object:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
