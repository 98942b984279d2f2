"""What a look at one thing found: whether it is well, and what to do where it is not."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How much a finding matters: nothing is to be done, something should be, or something does not work."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is the thing in a word or two, `said` one line about it for an operator, `advice` what to do next.

    `part` is what it belongs to (machine, database, plugins); whoever asks for findings fills it in.
    """

    name: str
    said: str
    grade: Grade = Grade.OK
    advice: str = ""
    part: str = ""


def warning(name: str, said: str, advice: str = "") -> Finding:
    """Something should be done, and everything works meanwhile."""
    return Finding(name, said, Grade.WARNING, advice)


def problem(name: str, said: str, advice: str = "") -> Finding:
    """Something does not work."""
    return Finding(name, said, Grade.PROBLEM, advice)
