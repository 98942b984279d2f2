"""What every effect on the outside carries, so that it is done once and never by a writer whose time is over."""

from dataclasses import dataclass

AT_ONE_SEQ = 2**32
"""So many serials there are for each event of an environment's log."""


@dataclass(frozen=True, slots=True, order=True)
class Token:
    """`(epoch, serial)`, one sequence per environment.

    The epoch rises with each change of owner and each start of a daemon; the serial with each effect of one owner.
    Whoever carries out an effect on a node refuses a token lower than the last it saw. A serial also tells how long the
    environment's log was then, so that a node knows of a log that it is older than itself.
    """

    epoch: int
    serial: int

    @property
    def seq(self) -> int:
        """The last event of the environment that its giver knew."""
        return self.serial // AT_ONE_SEQ


@dataclass(frozen=True, slots=True)
class Effect:
    """The idempotency key of an act (a repeated call finds the work done) and its token."""

    key: str
    token: Token


@dataclass(frozen=True, slots=True)
class Mark:
    """Left on the node by the act that may precede its record: this group was lowered, by which act and why."""

    group: str
    key: str
    reason: str
