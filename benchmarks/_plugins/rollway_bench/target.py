"""Instances that are healthy as soon as they are started, and never die."""

from collections.abc import Sequence

from rollway.api import Address, Effect, Group, Health, Instance

SOMEWHERE = Address("127.0.0.1", 9)


class BenchTarget:
    """A `Target` of dictionaries: by environment, by instance."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, Instance]] = {}

    async def start(self, group: Group, instance: str, effect: Effect) -> None:
        """As `Target.start`."""
        here = self._places.setdefault(group.place, {})
        here.setdefault(instance, Instance(instance, group.id, Health.HEALTHY, SOMEWHERE))

    async def stop(self, group: Group, instance: str, effect: Effect, *, hard: bool = False) -> None:
        """As `Target.stop`."""
        self._places.get(group.place, {}).pop(instance, None)

    async def observe(self, place: str) -> Sequence[Instance]:
        """As `Target.observe`."""
        return list(self._places.get(place, {}).values())

    async def output(self, place: str, instance: str, lines: int = 20) -> Sequence[str]:
        """As `Target.output`."""
        return ()

    async def forget(self, group: str, effect: Effect) -> None:
        """As `Target.forget`; its instances are stopped before."""

    async def open(self) -> None:
        """As `Target.open`."""

    async def close(self) -> None:
        """As `Target.close`."""
