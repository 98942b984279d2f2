"""What is done to one environment's files, each act whole under the environment's lock; nothing here waits for Envoy."""

import contextlib
from collections.abc import Iterable, Mapping

from rollway.api import EMPTY, Address, Mark, PluginError, Routing, Token
from rollway_plugins.envoy import files, routes
from rollway_plugins.envoy.bootstrap import Document
from rollway_plugins.envoy.files import EnvironmentFiles
from rollway_plugins.envoy.routes import PREPARED_KEY, PREPARED_REASON, Routes
from rollway_plugins.envoy.watches import demand_watch


def begin(here: EnvironmentFiles, routing: Routing, timeout: float | None, token: Token) -> bool:
    """Admit the token and see that the routing can be carried out; True where the environment was unknown.

    A new environment's routes answer 503, so that its listener never asks for routes that are not there.
    """
    here.make()
    with files.locked(here.lock):
        routes.permitted(routing, timeout, _standing(here, routing))
        here.confirm(token)
        new = here.current() is None
        if new:  # before the token: whoever finds a token and no routes knows that they were lost
            demand_watch()
            here.save(here.routes, routes.write(Routes(routing.environment, EMPTY)))
        here.admit(token)
        return new


def put_routes(
    here: EnvironmentFiles, routing: Routing, timeout: float | None, token: Token
) -> tuple[str, Document]:
    """Put the routes into place, after what takes them back; returns their version and what stood there before.

    Raises StaleToken where a later writer came in between, PluginError where something cannot be written; the old
    routes stay then.
    """
    with files.locked(here.lock):
        here.admit(token)
        standing = _standing(here, routing)
        wanted = routes.permitted(routing, timeout, standing)
        prepare(here, wanted, (group.id for group in routing.groups))
        for group in routing.lifted:
            here.mark(group).unlink(missing_ok=True)
        before = files.load(here.routes) or {}
        here.save(here.routes, routes.write(wanted))
        # A lowering waits for no lock: one that came while this wrote has left its mark, and wins.
        for mark in here.marks():
            if wanted.split.of(mark.group):
                _take_back(here, mark)
        return files.version(here.routes), before


def put_back(here: EnvironmentFiles, version: str, before: Document) -> None:
    """Undo `put_routes`, unless the routes have changed since."""
    with files.locked(here.lock):
        if files.version(here.routes) == version:
            here.save(here.routes, before)


def prepare(here: EnvironmentFiles, wanted: Routes, groups: Iterable[str]) -> None:
    """Lay ready what takes each group back."""
    for group, without in routes.takebacks(wanted, groups).items():
        here.save(here.ready(group), routes.write(without))
        if group is not None and not here.mark(group).exists():
            here.save(
                here.ready_mark(group), {"group": group, "key": PREPARED_KEY, "reason": PREPARED_REASON}
            )


def lower(here: EnvironmentFiles, mark: Mark) -> str | None:
    """Take a group back by renaming; returns the version of the routes, None where the environment is unknown.

    Raises PluginError for the stable group.
    """
    if not here.folder.exists():
        return None
    with files.locked_if_free(here.lock):
        now = here.current()
        if now is None:
            return None
        if mark.group == now.stable:
            raise PluginError(
                f"{mark.group} is the stable group of {now.environment}; it is never taken back early"
            )
        if not now.split.shares and not _anybody(here):
            return files.version(here.routes)
        with contextlib.suppress(OSError):
            here.ready_mark(mark.group).rename(here.mark(mark.group))
        if mark.group not in now.marked or now.split.of(mark.group):
            _take_back(here, mark)
        return files.version(here.routes)


def after_lowering(here: EnvironmentFiles, mark: Mark) -> None:
    """Keep the full account of a mark and lay ready the next lowering, as far as the disk allows."""
    if not here.folder.exists():
        return
    with contextlib.suppress(PluginError, OSError), files.locked(here.lock):
        now = here.current()
        if now is None or mark.group not in now.marked:
            return
        _account(here, mark)
        prepare(here, now, here.known_endpoints())


def tidy(here: EnvironmentFiles, kept: Mapping[str, tuple[Address, ...]], token: Token) -> None:
    """Remove what is kept for groups that are gone."""
    with files.locked(here.lock):
        if here.last_token() != token:
            return
        gone = {*here.known_endpoints(), *(mark.group for mark in here.marks())} - kept.keys()
        for group in gone:
            for path in (here.ready(group), here.ready_mark(group), here.mark(group)):
                path.unlink(missing_ok=True)
        here.keep_endpoints(kept)


def admit(here: EnvironmentFiles, token: Token) -> None:
    """As `EnvironmentFiles.admit`."""
    with files.locked(here.lock):
        here.admit(token)


def forget(here: EnvironmentFiles, token: Token) -> None:
    """Remove everything but the last token, which a late writer must still meet; nothing where a later one has come."""
    with files.locked(here.lock):
        if here.last_token() != token:
            return
        for path in (here.routes, here.groups, *(here.folder / name for name in files.PARTS)):
            here.discard(path)


def _standing(here: EnvironmentFiles, routing: Routing) -> tuple[Mark, ...]:
    """The marks that hold for a routing, found or given: neither lifted nor of a group that is gone."""
    groups = {group.id for group in routing.groups} - routing.lifted
    known = {mark.group: mark for mark in (*routing.marks, *here.marks())}
    return tuple(mark for mark in known.values() if mark.group in groups)


def _anybody(here: EnvironmentFiles) -> bool:
    """Whether there is any group; where that cannot be read, there may be."""
    try:
        return bool(here.known_endpoints())
    except PluginError:
        return True


def _take_back(here: EnvironmentFiles, mark: Mark) -> None:
    now = here.current()
    if now is None:
        return
    for path in (here.ready(mark.group), here.ready(None)):
        with contextlib.suppress(OSError, PluginError):
            ready = files.read_routes(path)
            if ready is not None and ready.takes_back(mark.group, now):
                path.rename(here.routes)
                files.sync_if_possible(here.folder)
                return
    here.save(here.routes, routes.write(now.lowered([mark])))


def _account(here: EnvironmentFiles, mark: Mark) -> None:
    left = files.load(here.mark(mark.group))
    if left is None or left.get("key") == PREPARED_KEY:
        here.save(here.mark(mark.group), {"group": mark.group, "key": mark.key, "reason": mark.reason})
