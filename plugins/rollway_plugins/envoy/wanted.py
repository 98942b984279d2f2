"""All that one environment wants of Envoy, besides how requests are shared. Pure."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from rollway.api import Address, Connections, PluginError, Routing
from rollway_plugins.envoy import clusters, documents
from rollway_plugins.envoy.bootstrap import Document
from rollway_plugins.envoy.files import EnvironmentFiles
from rollway_plugins.envoy.settings import EnvoySettings


@dataclass(frozen=True, slots=True)
class Wanted:
    """Its part of the node's clusters and listeners."""

    clusters: Sequence[Document]
    listeners: Sequence[Document]


def wanted(here: EnvironmentFiles, routing: Routing, settings: EnvoySettings) -> Wanted:
    """What a routing wants."""
    environment = routing.environment
    told: list[Document] = []
    listeners = [documents.outer_listener(environment, settings.listen, here.routes)]
    for group in routing.groups:
        told += clusters.counted_clusters(environment, group.id, group.release)
        told.append(clusters.inner_cluster(environment, group))
        if group.connections is Connections.OPEN:
            listeners.append(documents.inner_listener(environment, group.id))
    return Wanted(told, listeners)


def endpoints(routing: Routing) -> Mapping[str, tuple[Address, ...]]:
    """Where the instances of each group answer."""
    return {group.id: group.endpoints for group in routing.groups}


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
