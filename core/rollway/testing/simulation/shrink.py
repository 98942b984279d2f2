"""Makes a world that fails smaller: fewer happenings, fewer places, fewer daemons, as long as the same rule is broken."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from rollway.testing.simulation.rules import Rule
from rollway.testing.simulation.scenario import Deploy, Happening, Say, Scenario, Trouble
from rollway.testing.simulation.world import Outcome, simulate

SCHEDULES = 4
"""So many orders of callbacks are tried for each smaller world: what is left out shifts all that is drawn later."""


def shrunk(outcome: Outcome, play: Callable[[Scenario], Outcome] = simulate) -> Outcome:
    """The smallest world found that breaks the same rule; the one given where it breaks none."""
    if outcome.problem is None:
        return outcome
    rule, smaller = outcome.problem.rule, True
    while smaller:
        smaller = False
        for candidate in _smaller(outcome.scenario):
            found = _fails(candidate, rule, play)
            if found is not None:
                outcome, smaller = found, True
                break
    return outcome


def _fails(scenario: Scenario, rule: Rule, play: Callable[[Scenario], Outcome]) -> Outcome | None:
    first = scenario.schedule.partition("/")[0]
    for schedule in (scenario.schedule, *(f"{first}/{number}" for number in range(1, SCHEDULES))):
        outcome = play(replace(scenario, schedule=schedule))
        if outcome.problem is not None and outcome.problem.rule is rule:
            return outcome
    return None


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """From great steps to small ones."""
    count = len(scenario.happenings)
    for portion in (count // 2, count // 4, 1):
        for start in range(count - portion, -1, -max(1, portion)) if portion else ():
            yield scenario.without(set(range(start, start + portion)))
    if scenario.daemons > 1:
        yield replace(scenario, daemons=scenario.daemons - 1, happenings=_of_daemons(scenario))
    if scenario.sql:
        yield replace(scenario, sql=False)
    if len(scenario.places) > 1:
        yield from (_only(scenario, place) for place in range(len(scenario.places)))


def _of_daemons(scenario: Scenario) -> tuple[Happening, ...]:
    """What happens to the last daemon happens to the one before."""
    last = scenario.daemons - 1
    return tuple(
        replace(h, daemon=last - 1) if isinstance(h, Trouble) and h.daemon == last else h
        for h in scenario.happenings
    )


def _only(scenario: Scenario, place: int) -> Scenario:
    kept = tuple(
        replace(h, place=0) if isinstance(h, Deploy | Say) else h
        for h in scenario.happenings
        if isinstance(h, Trouble) or h.place == place
    )
    return replace(scenario, places=(scenario.places[place],), happenings=kept)
