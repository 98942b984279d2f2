"""The daemon as everybody sees it: its public HTTP API."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import httpx
from pydantic import TypeAdapter, ValidationError

from rollway.artifact import PackedArtifact
from rollway.demo.documents import EventDocument, RolloutDocument
from rollway.demo.errors import DemoError

EVENTS = TypeAdapter(list[EventDocument])


class Client:
    """Calls what the demo needs; use it with `async with`. Every call raises DemoError with the daemon's own words."""

    def __init__(self, url: str) -> None:
        # Proxies of the environment are for the world outside; this is the loopback.
        self._http = httpx.AsyncClient(base_url=url, timeout=30.0, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def ready(self) -> bool:
        """Whether the daemon serves yet."""
        try:
            return (await self._http.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def apply(self, name: str, settings: Mapping[str, object]) -> None:
        """Register the application."""
        await self._call("PUT", f"/applications/{name}", settings)

    async def upload(self, artifact: PackedArtifact) -> None:
        """Hand over an artifact."""
        headers = {"Content-Type": "application/x-tar"}
        await self._send(
            "PUT", f"/artifacts/{artifact.digest}", content=artifact.path.read_bytes(), headers=headers
        )

    async def register(
        self, application: str, name: str, artifact: str, settings: Mapping[str, object]
    ) -> None:
        """Make a release of an artifact."""
        release = {
            "application": application,
            "name": name,
            "artifact": artifact,
            "source": {},
            "settings": settings,
        }
        await self._call("POST", "/releases", release)

    async def deploy(self, application: str, environment: str, release: str) -> str:
        """Start a rollout; its id."""
        wanted = {"application": application, "environment": environment, "release": release}
        return _read_rollout(await self._call("POST", "/rollouts", wanted)).id

    async def rollout(self, id_: str) -> RolloutDocument:
        """A rollout as it stands."""
        return _read_rollout(await self._call("GET", f"/rollouts/{id_}"))

    async def events(self, id_: str, after: int) -> Sequence[EventDocument]:
        """What happened in a rollout since the event `after`, in order."""
        document = await self._call("GET", f"/rollouts/{id_}/events", after=after)
        try:
            read = EVENTS.validate_python(document)
        except ValidationError as error:
            raise DemoError(f"the daemon's events cannot be read: {error}") from error
        return [event for event in read if event.seq > after]

    async def _call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, **query: int
    ) -> object:
        response = await self._send(method, path, json=body, params=query)
        return response.json() if response.content else None

    async def _send(self, method: str, path: str, **how: object) -> httpx.Response:
        try:
            response = await self._http.request(method, f"/api/v1{path}", **how)  # type: ignore[arg-type]
        except httpx.TransportError as error:
            raise DemoError(
                f"the daemon does not answer {method} {path}: {error or type(error).__name__}"
            ) from error
        if response.is_error:
            raise DemoError(f"the daemon refuses {method} {path}: {_problem(response)}")
        return response


def _read_rollout(document: object) -> RolloutDocument:
    try:
        return RolloutDocument.model_validate(document)
    except ValidationError as error:
        raise DemoError(f"the daemon's rollout cannot be read: {error}") from error


def _problem(response: httpx.Response) -> str:
    """What a problem document (RFC 9457) says, or the plain text of anything else."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and (text := problem.get("detail") or problem.get("title")):
        return f"{response.status_code}: {text}"
    return f"{response.status_code}: {response.text[:500]}"
