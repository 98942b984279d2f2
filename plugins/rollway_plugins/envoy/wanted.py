"""All that one environment wants of Envoy, besides how requests are shared. Pure."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from rollway.api import Connections, PluginError, Routing
from rollway_plugins.envoy import documents
from rollway_plugins.envoy.bootstrap import Document
from rollway_plugins.envoy.files import EnvironmentFiles
from rollway_plugins.envoy.settings import EnvoySettings


@dataclass(frozen=True, slots=True)
class Wanted:
    """Its part of the node's clusters and listeners, and the files of its own that these refer to."""

    clusters: Sequence[Document]
    listeners: Sequence[Document]
    files: Mapping[Path, Document]


def wanted(here: EnvironmentFiles, routing: Routing, settings: EnvoySettings) -> Wanted:
    """What a routing wants."""
    environment = routing.environment
    clusters: list[Document] = []
    listeners = [documents.outer_listener(environment, settings.listen, here.routes)]
    own: dict[Path, Document] = {}
    for group in routing.groups:
        clusters += documents.clusters(environment, group.id, group.release, here.endpoints(group.id))
        own[here.endpoints(group.id)] = documents.endpoint_file(group)
        own[here.inner(group.id)] = documents.route_file(documents.inner_routes(group.id, settings.timeout))
        if group.connections is Connections.OPEN:
            listeners.append(documents.inner_listener(environment, group.id, here.inner(group.id)))
    return Wanted(clusters, listeners, own)


def checked(routing: Routing) -> EnvoySettings:
    """The settings of a routing. Raises PluginError for wrong ones and for an instance that has no IP address."""
    for address in (address for group in routing.groups for address in group.endpoints):
        try:
            ipaddress.ip_address(address.host)
        except ValueError:
            raise PluginError(
                f"{routing.environment}: {address} is not an IP address and a port; Envoy resolves no names"
            ) from None
    try:
        return EnvoySettings.model_validate(dict(routing.settings))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in ("router", *first["loc"]))
        raise PluginError(f"{routing.environment}: {path}: {first['msg']}") from error
