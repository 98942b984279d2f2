"""The checks that keep out whoever has been replaced."""

from rollway.store.protocol import Fenced, Held


def check_held(held: Held, epoch: int) -> None:
    """Raise `Fenced` unless this is the environment's epoch now."""
    if epoch != held.epoch:
        raise Fenced(held.environment, f"epoch {held.epoch}", f"epoch {epoch}")


def check_leased(lease: str, owner: str, holder: str | None) -> None:
    """Raise `Fenced` unless the lease is the owner's."""
    if holder != owner:
        raise Fenced(lease, owner, holder or "nobody")
