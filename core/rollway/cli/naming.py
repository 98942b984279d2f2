"""What ENV and ROLLOUT mean on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollway.cli.exits import UsageError
from rollway.cli.local import Names
from rollway.errors import NotFoundError

if TYPE_CHECKING:
    from rollway.client import Client

_ROLLOUT = re.compile(r"[a-z0-9]{12,26}")


@dataclass(frozen=True, slots=True)
class Place:
    """An environment of an application."""

    application: str
    environment: str

    def __str__(self) -> str:
        return f"{self.application}/{self.environment}"


def said(env: str, application: str | None, local: Names | None) -> Place | None:
    """The environment that ENV names by itself, by `--application` or by the file here; None where it does not.

    Raises UsageError for what names none, or two.
    """
    head, slash, name = env.rpartition("/")
    if slash and (not head or not name or "/" in head):
        raise UsageError(f"{env!r} is no environment", advice="write prod, or shop/prod")
    if slash and application not in (None, head):
        raise UsageError(f"{env} is not of the application {application}", advice="leave out --application")
    if slash:
        return Place(head, name)
    if application is not None:
        return Place(application, name)
    return Place(local.application, name) if local and name in local.environments else None


def place(env: str, application: str | None, local: Names | None, client: Client) -> Place:
    """The environment that ENV names, the daemon's applications asked where nothing nearer knows it.

    Raises UsageError where several applications have it, NotFoundError where none has.
    """
    found = said(env, application, local)
    return found or only(env, known(client))


def known(client: Client) -> list[Place]:
    """Every environment the daemon knows."""
    return [
        Place(each.application, found.environment)
        for each in client.applications()
        for found in client.environments(each.application)
    ]


def only(env: str, places: Sequence[Place]) -> Place:
    """The one of these that has this name."""
    fitting = [each for each in places if each.environment == env]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(
            f"several environments are called {env}: {_list(fitting)}", advice="name one in full"
        )
    if places:
        raise NotFoundError(f"there is no environment {env!r}", advice=f"there are: {_list(places)}")
    raise NotFoundError(
        f"there is no environment {env!r}, the daemon knows no application",
        advice="register yours with: rollway apply",
    )


def _list(places: Sequence[Place]) -> str:
    return ", ".join(sorted(str(each) for each in places))


def rollout(text: str, application: str | None, local: Names | None, client: Client) -> str:
    """The id of the rollout that ROLLOUT names: an id, or an environment with exactly one that has not ended.

    Raises NotFoundError, UsageError.
    """
    if _ROLLOUT.fullmatch(text):
        try:
            return client.rollout(text).id
        except NotFoundError:
            if said(text, application, local) is None and text not in {p.environment for p in known(client)}:
                raise
    where = place(text, application, local, client)
    client.environment(where.application, where.environment)
    running = list(
        client.rollouts(application=where.application, environment=where.environment, unfinished=True)
    )
    if len(running) == 1:
        return running[0].id
    if running:
        ids = ", ".join(each.id for each in running)
        raise UsageError(f"several rollouts of {where} have not ended: {ids}", advice="name one")
    last = next(client.rollouts(application=where.application, environment=where.environment), None)
    advice = f"the last one was {last.id} ({last.phase})" if last else f"start one: rollway deploy {where}"
    raise NotFoundError(f"no rollout of {where} is running", advice=advice)
