"""`python -m rollway.testing.simulation SEED`: play that world again and show everything that happened in it."""

import argparse
import sys

from rollway.testing.simulation.scenario import draw
from rollway.testing.simulation.shrink import shrunk
from rollway.testing.simulation.world import simulate


def main() -> int:
    """Play one seed; the exit code is 1 where a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m rollway.testing.simulation", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--shrink", action="store_true", help="look for the smallest world that fails so")
    asked = parser.parse_args()
    outcome = simulate(draw(asked.seed))
    if asked.shrink:
        outcome = shrunk(outcome)
    sys.stdout.write(outcome.told() + "\n")
    return 1 if outcome.problem else 0


if __name__ == "__main__":
    sys.exit(main())
