"""What Envoy's admin tells over its UNIX socket."""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from rollway.api import GroupCounters, PluginError
from rollway_plugins.envoy import routes, stats
from rollway_plugins.envoy.documents import WARMING
from rollway_plugins.envoy.routes import Routes

PATIENCE = 5.0


class Admin:
    """Reads one Envoy. Every verb raises PluginError where Envoy does not answer."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        # Nothing here is encrypted; without verify=False each client would read the machine's certificates.
        transport = httpx.AsyncHTTPTransport(uds=str(socket), verify=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://envoy", timeout=PATIENCE)

    async def close(self) -> None:
        """Let go of its connections."""
        await self._client.aclose()

    async def get(self, path: str, **query: str) -> str:
        """One read."""
        try:
            answer = await self._client.get(path, params=query)
        except (httpx.HTTPError, OSError) as error:
            raise PluginError(f"Envoy's admin at {self.socket} does not answer: {error!r}") from error
        if answer.status_code not in (200, 503):
            raise PluginError(f"Envoy's admin answers {answer.status_code} to {path}: {answer.text[:200]}")
        return answer.text

    async def answers(self) -> bool:
        """Whether it answers at all."""
        with contextlib.suppress(PluginError):
            return bool(await self.get("/ready"))
        return False

    async def ready(self) -> bool:
        """Whether it serves; it calls itself live a moment before its listeners take connections."""
        try:
            return (await self.get("/ready")).strip() == "LIVE" and await self.accepting()
        except PluginError:
            return False

    async def deaf(self) -> bool:
        """Whether nobody listens at its socket: not yet, or no longer, for a successor had it closed."""
        try:
            _, writer = await asyncio.open_unix_connection(self.socket)
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except OSError:
            return False
        writer.close()
        return False

    async def accepting(self) -> bool:
        """Whether every listener has reached every worker; before that it refuses connections."""
        name = r"(server\.concurrency|listener_manager\.(workers_started|listener_(added|create_success|create_failure)))"
        lines = (await self.get("/stats", filter=f"^{name}$")).splitlines()
        found = {
            line.partition(": ")[0].rpartition(".")[2]: int(line.rpartition(": ")[2])
            for line in lines
            if line
        }
        wanted = found.get("listener_added", 0) * found.get("concurrency", 1)
        reached = found.get("listener_create_success", 0) + found.get("listener_create_failure", 0)
        return bool(found.get("workers_started")) and reached >= wanted

    async def counters(self) -> Mapping[str, GroupCounters]:
        """Counters by group."""
        return stats.read(await self.get("/stats", **stats.QUERY))

    async def active(self, group: str) -> bool:
        """Whether a request of this group is under way."""
        text = await self.get("/stats", filter=rf"^cluster\.{escaped(group)};.*;\.upstream_rq_active$")
        return any(not line.endswith(": 0") for line in text.splitlines() if line)

    async def routes(self, name: str) -> Routes | None:
        """The routes in force for an environment; None where it is unknown."""
        for one in await self._routes(name):
            if isinstance(configuration := one.get("route_config"), Mapping):
                return routes.read(configuration)
        return None

    async def routes_version(self, name: str) -> str | None:
        """The version of a route configuration in force."""
        found = [str(one.get("version_info", "")) for one in await self._routes(name)]
        return found[0] if found else None

    async def _routes(self, name: str) -> Sequence[Mapping[str, object]]:
        return await self._dump("dynamic_route_configs", f"^{escaped(name)}$")

    async def clusters(self) -> frozenset[str]:
        """The names of all clusters in force."""
        found = await self._dump("dynamic_active_clusters", ".*", mask="cluster.name")
        return frozenset(str(one["cluster"]["name"]) for one in found if "cluster" in one)  # type: ignore[index]

    async def listeners(self) -> Mapping[str, str | None]:
        """All listeners by name: None for one in force, else what is wrong with it."""
        found = await self._dump(
            "dynamic_listeners", ".*", mask="name,error_state.details,active_state.version_info"
        )
        return {str(one["name"]): _trouble(one) for one in found if "name" in one}

    async def hosts(self, cluster: str) -> frozenset[tuple[str, int]]:
        """Where a cluster sends requests."""
        text = await self.get("/clusters", format="json", filter=f"^{escaped(cluster)}$")
        statuses = json.loads(text).get("cluster_statuses", [])
        hosts = (
            host["address"]["socket_address"] for one in statuses for host in one.get("host_statuses", [])
        )
        return frozenset((str(host["address"]), int(host["port_value"])) for host in hosts)

    async def _dump(self, resource: str, name: str, **query: str) -> Sequence[Mapping[str, object]]:
        text = await self.get("/config_dump", resource=resource, name_regex=name, **query)
        found: Sequence[Mapping[str, object]] = json.loads(text).get("configs", [])
        return found


def escaped(name: str) -> str:
    """A name as an expression of RE2 that matches only it."""
    return "".join(character if character.isalnum() else f"\\x{{{ord(character):x}}}" for character in name)


def _trouble(listener: Mapping[str, object]) -> str | None:
    error = listener.get("error_state")
    if isinstance(error, Mapping):
        return str(error.get("details", "refused"))
    return None if "active_state" in listener else WARMING
