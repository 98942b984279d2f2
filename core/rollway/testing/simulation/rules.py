"""What must hold in every world, whatever happens in it."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """One invariant, by the sentence that is printed when it is broken."""

    WHOLE = "splits are whole"
    ANSWERED = "no requests for a group without a live instance while another that may get them has one"
    FLOOR = "capacity is never under its floor"
    HUNDRED = "after the end of a rollback stable has everything"
    HISTORY = "the log is a legal history, shared events in both streams at once"
    STEPS = "no step is lost, none is done twice"
    EVIDENCE = "nothing is promoted without evidence, unless somebody said so"
    BLAME = "a release that never failed is not blamed"
    ENDS = "with a fair clock every rollout comes to its end"
    REMEMBERED = "a command that was acknowledged is never forgotten, and done once"
    ZOMBIE = "whose time is over changes nothing"
    FIRST = "traffic leaves a bad release before anything else happens to it"
    RAISED = "a recovery never raises a weight"
    SERVING = "an instance that takes traffic is not stopped"
    DRAINED = "a retired group gets its time to drain"
    SAFETY = "a bad release that can be seen and reached loses its traffic soon"
    MARKED = "what was lowered before its record is recorded soon"
    LEFTOVER = "after the end nothing belongs to nobody"
    FORESEEN = "nothing happens in the engine that it did not foresee"


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that was broken, and how."""

    rule: Rule
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"
