"""The client: one method for each thing the API offers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from rollway.client.following import Follower
from rollway.client.transport import Params, Transport
from rollway.http import documents as d

DEFAULT_SERVER: Final = "http://127.0.0.1:7700"

_CHUNK: Final = 1 << 18
_EVENTS: Final = TypeAdapter(list[d.EventDocument])

Model = TypeVar("Model", bound=BaseModel)
Json = Mapping[str, JsonValue]


class Client:
    """A daemon's API, one call at a time; several threads may share one.

    `server` is `http://HOST:PORT`; `token` is sent as bearer; `actor` says who calls, by their own word. Raises
    ValueError for what is no address. Every method raises UnreachableError where the daemon does not answer,
    ForbiddenError where it says so, and what its own text names. `key` is the Idempotency-Key of a call that shall be
    made once even if the caller itself is started again; without it each call has its own.
    """

    def __init__(
        self, server: str = DEFAULT_SERVER, token: str | None = None, actor: str | None = None
    ) -> None:
        self._transport = Transport(server.rstrip("/"), token, actor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.close()

    # Applications and environments.

    def apply(self, name: str, settings: Json) -> d.AppliedDocument:
        """Register or update an application; `settings` is deploy.yaml as JSON. Raises ConfigurationError."""
        response = self._transport.send("PUT", _path("applications", name), dict(settings))
        return self._read(d.AppliedDocument, response.content)

    def application(self, name: str) -> d.ApplicationDocument:
        """One application. Raises NotFoundError."""
        return self._get(d.ApplicationDocument, _path("applications", name))

    def applications(self) -> Iterator[d.ApplicationDocument]:
        """All applications, by name."""
        return self._pages(d.ApplicationDocument, _path("applications"))

    def environment(self, application: str, environment: str) -> d.EnvironmentDocument:
        """What runs in one environment. Raises NotFoundError."""
        return self._get(
            d.EnvironmentDocument, _path("applications", application, "environments", environment)
        )

    def environments(self, application: str) -> Iterator[d.EnvironmentDocument]:
        """The environments of an application. Raises NotFoundError."""
        return self._pages(d.EnvironmentDocument, _path("applications", application, "environments"))

    # Artifacts and releases.

    def has_artifact(self, digest: str) -> bool:
        """Whether the tar with this digest (`sha256:HEX`) is kept."""
        return self._transport.head(_path("artifacts", digest))

    def put_artifact(self, digest: str, tar: Path) -> d.ArtifactDocument:
        """Send a tar, in pieces. Raises ArtifactError."""
        response = self._transport.upload(
            _path("artifacts", digest), tar.stat().st_size, lambda: _pieces(tar)
        )
        return self._read(d.ArtifactDocument, response.content)

    def register(
        self,
        application: str,
        name: str,
        artifact: str,
        *,
        source: Json | None = None,
        settings: Json | None = None,
        key: str | None = None,
    ) -> d.ReleaseDocument:
        """Register a release of an uploaded artifact. Raises ConflictError where the name has other content."""
        body = {
            "application": application,
            "name": name,
            "artifact": artifact,
            "source": dict(source or {}),
            "settings": dict(settings or {}),
        }
        return self._post(d.ReleaseDocument, _path("releases"), body, key)

    def release(self, application: str, name: str) -> d.ReleaseDocument:
        """One release. Raises NotFoundError."""
        params = {"application": application, "name": name}
        response = self._transport.get(_path("releases"), params)
        return self._read(d.Page[d.ReleaseDocument], response.content).items[0]

    def releases(self, application: str) -> Iterator[d.ReleaseDocument]:
        """An application's releases, newest first."""
        return self._pages(d.ReleaseDocument, _path("releases"), {"application": application})

    # Rollouts.

    def plan(self, application: str, environment: str, release: str | None = None) -> d.PlanDocument:
        """The plan a deploy would follow now. Raises NotFoundError, ConfigurationError."""
        body = {"application": application, "environment": environment, "release": release}
        return self._post(d.PlanDocument, _path("plans"), body, None)

    def start(
        self,
        application: str,
        environment: str,
        release: str,
        *,
        on_busy: Literal["refuse", "replace", "queue"] | None = None,
        unwatched: bool = False,
        reason: str = "",
        key: str | None = None,
    ) -> d.RolloutDocument:
        """Begin a rollout. Raises ConflictError where another holds the environment, NotFoundError."""
        body = {
            "application": application,
            "environment": environment,
            "release": release,
            "on_busy": on_busy,
            "unwatched": unwatched,
            "reason": reason,
        }
        return self._post(d.RolloutDocument, _path("rollouts"), body, key)

    def rollout(self, id_: str) -> d.RolloutDocument:
        """One rollout. Raises NotFoundError."""
        return self._get(d.RolloutDocument, _path("rollouts", id_))

    def rollouts(
        self,
        *,
        application: str | None = None,
        environment: str | None = None,
        phases: Collection[str] = (),
        unfinished: bool | None = None,
    ) -> Iterator[d.RolloutRow]:
        """Rollouts, newest first, fetched as they are taken."""
        chosen: dict[str, str | int | list[str]] = {"phase": list(phases)}
        if unfinished is not None:
            chosen["unfinished"] = str(unfinished).lower()
        if application is not None:
            chosen["application"] = application
        if environment is not None:
            chosen["environment"] = environment
        return self._pages(d.RolloutRow, _path("rollouts"), chosen)

    def events(self, id_: str, after: int = 0) -> list[d.EventDocument]:
        """A rollout's log so far, or what came after an event. Raises NotFoundError."""
        response = self._transport.get(_path("rollouts", id_, "events"), {"after": after})
        try:
            return _EVENTS.validate_json(response.content)
        except ValidationError as error:
            raise self._transport.misunderstood() from error

    def follow(
        self,
        id_: str,
        after: int = 0,
        *,
        patience: float = 15.0,
        timeout: float | None = None,
        idle: Callable[[], None] | None = None,
    ) -> Iterator[d.EventDocument]:
        """A rollout's log as it grows, until it has ended, over restarts of the daemon.

        `idle` is called about each second in which nothing happens. Raises UnreachableError after `patience` seconds without the daemon, StillGoing after `timeout` seconds in all,
        NotFoundError.
        """
        path = _path("rollouts", id_, "events")
        return Follower(self._transport, path, after, patience, timeout, idle).events()

    def abort(self, id_: str, reason: str = "", *, key: str | None = None) -> d.RolloutDocument:
        """Stop it: traffic back to stable at once. Raises ConflictError where it has ended, NotFoundError."""
        return self._post(d.RolloutDocument, _path("rollouts", id_, "abort"), {"reason": reason}, key)

    def pause(self, id_: str, reason: str = "", *, key: str | None = None) -> d.RolloutDocument:
        """Hold it where it is; monitors go on. Raises ConflictError where that makes no sense now, NotFoundError."""
        return self._post(d.RolloutDocument, _path("rollouts", id_, "pause"), {"reason": reason}, key)

    def resume(self, id_: str, *, key: str | None = None) -> d.RolloutDocument:
        """Let a paused one go on; where it waits for evidence, observe anew. Raises ConflictError, NotFoundError."""
        return self._post(d.RolloutDocument, _path("rollouts", id_, "resume"), {}, key)

    def promote(self, id_: str, *, full: bool = False, key: str | None = None) -> d.RolloutDocument:
        """Go on without the evidence of this step; `full`: of any. Raises ConflictError, NotFoundError."""
        return self._post(d.RolloutDocument, _path("rollouts", id_, "promote"), {"full": full}, key)

    def retry(self, id_: str, reason: str = "", *, key: str | None = None) -> d.RolloutDocument:
        """A new rollout of the same release. Raises ConflictError where it goes on or was promoted, NotFoundError."""
        return self._post(d.RolloutDocument, _path("rollouts", id_, "retry"), {"reason": reason}, key)

    def logs(self, id_: str, lines: int = 20) -> d.LogsDocument:
        """The last lines (1 to 1000) of each instance of its groups, as long as they are kept. Raises NotFoundError."""
        response = self._transport.get(_path("rollouts", id_, "logs"), {"lines": lines})
        return self._read(d.LogsDocument, response.content)

    def history(self, application: str, environment: str) -> Iterator[d.PastRolloutDocument]:
        """What was brought to an environment, newest first, fetched as it is taken. Raises NotFoundError."""
        path = _path("applications", application, "environments", environment, "history")
        return self._pages(d.PastRolloutDocument, path)

    def rollback(
        self,
        application: str,
        environment: str,
        to: str | None = None,
        reason: str = "",
        *,
        key: str | None = None,
    ) -> d.RolloutDocument:
        """Back to the last good release, or to the one named. Raises ConflictError, NotFoundError."""
        path = _path("applications", application, "environments", environment, "rollback")
        return self._post(d.RolloutDocument, path, {"to": to, "reason": reason}, key)

    # The daemon itself.

    def plugins(self) -> Iterator[d.PluginDocument]:
        """What the daemon has loaded, and what not and why."""
        return self._pages(d.PluginDocument, _path("plugins"))

    def daemons(self) -> Iterator[d.DaemonDocument]:
        """Every daemon of the same database, the one that answers first."""
        return self._pages(d.DaemonDocument, _path("daemons"))

    def doctor(self, plugins: Collection[str] = ()) -> d.DoctorDocument:
        """What the daemon finds where it looks at all it rests on; `plugins` (KIND/NAME) besides those in use."""
        response = self._transport.get(_path("doctor"), {"plugin": list(plugins)})
        return self._read(d.DoctorDocument, response.content)

    def _get(self, model: type[Model], path: str) -> Model:
        return self._read(model, self._transport.get(path).content)

    def _post(self, model: type[Model], path: str, body: Mapping[str, object], key: str | None) -> Model:
        return self._read(model, self._transport.send("POST", path, dict(body), key).content)

    def _read(self, model: type[Model], content: bytes) -> Model:
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            raise self._transport.misunderstood() from error

    def _pages(self, model: type[Model], path: str, params: Params | None = None) -> Iterator[Model]:
        chosen = dict(params or {})
        while True:
            response = self._transport.get(path, chosen)
            page = self._read(d.Page[model], response.content)  # type: ignore[valid-type]
            yield from page.items
            if page.next is None:
                return
            chosen["cursor"] = page.next


def _path(*parts: str) -> str:
    return "/api/v1/" + "/".join(quote(part, safe=":") for part in parts)


def _pieces(tar: Path) -> Iterator[bytes]:
    with tar.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            yield piece
