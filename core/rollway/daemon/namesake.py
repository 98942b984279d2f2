"""Two machines of one name: each would take the other's processes for its own dead ones, and start them again."""

from pathlib import Path

import psutil

from rollway.engine.leases import BEAT, SILENCE
from rollway.engine.ports import Clock
from rollway.errors import ConflictError
from rollway.store.protocol import Member, Store


def boot() -> str:
    """What no other machine has, nor this one after its next start."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(psutil.boot_time())


async def refuse_namesake(store: Store, me: Member, clock: Clock, here: str) -> None:
    """Make sure that no daemon lives on another machine of this node's name; `here` is this machine's `boot`.

    Where the machine was started anew since, or another one takes its name over, this takes `SILENCE`. Raises
    ConflictError, and StoreUnavailable.
    """
    key = f"machine:{me.node}"
    told = await store.value(key)
    if told not in (None, here) and (other := await _alive(store, me, clock)) is not None:
        raise ConflictError(
            f"another machine is called {me.node} as well: its daemon {other.id} is alive",
            advice="give this one a name of its own: --node NAME",
        )
    if told != here:
        await store.put_value(key, here)


async def _alive(store: Store, me: Member, clock: Clock) -> Member | None:
    """A daemon of this node, other than this one, that gives signs of life."""
    try:
        first = {each.id: each.beat for each in (await store.beat(me)).members if each.node == me.node}
        until = clock.monotonic() + SILENCE
        while len(first) > 1 and clock.monotonic() < until:
            await clock.sleep(BEAT)
            for each in (await store.beat(me)).members:
                if each.id != me.id and each.beat > first.get(each.id, each.beat):
                    return each
        return None
    finally:
        await store.leave(me.id)
