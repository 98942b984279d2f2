"""A world from a seed: the real engine in virtual time, under a scheduler and an outside that do their worst.

`simulate(draw(seed))` plays one world; `python -m rollway.testing.simulation SEED` shows it.
"""

from rollway.testing.simulation.scenario import Scenario, draw
from rollway.testing.simulation.shrink import shrunk
from rollway.testing.simulation.world import Outcome, simulate

__all__ = ["Outcome", "Scenario", "draw", "shrunk", "simulate"]
