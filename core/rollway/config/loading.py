"""From a file, or from settings stored of one, to a `Deployment`; all problems at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path as FilePath

from rollway.config.checking import Checked, Checking
from rollway.config.crosschecks import cross_check
from rollway.config.deployment import Deployment, EnvironmentUse, MonitorUse, PluginUse
from rollway.config.models import DeploymentFile, MonitorPolicy
from rollway.config.places import Path, Places
from rollway.config.plugins import DEFAULT_MONITOR, DEFAULT_ROUTER, PluginModels, Section, sections
from rollway.config.reader import read
from rollway.config.refusals import as_refusals, refused
from rollway.config.substitution import Substitution
from rollway.config.tree import MOST_DEPTH, Json, depth, unstorable
from rollway.errors import ConfigurationError, NotBuiltError, Problem


def load(path: FilePath | str, environ: Mapping[str, str], plugins: PluginModels) -> Deployment:
    """The application that a deploy.yaml describes, `${NAME}` filled in from `environ`.

    Raises ConfigurationError with every problem of the file, and its refusals. What is valid and not built yet does
    not raise: see `refuse_unbuilt`.
    """
    document, places, problems = read(FilePath(path))
    substitution = Substitution(environ, places)
    filled = substitution.fill(document)
    return _parse(filled, places, plugins, substitution.filled, [*problems, *substitution.problems])


def parse_settings(document: Mapping[str, Json], plugins: PluginModels) -> Deployment:
    """The same from `Deployment.settings`, as they were stored or sent: problems then have a path and no line.

    Raises ConfigurationError. Nothing is filled in: `${...}` in it is text.
    """
    plain: Json = dict(document) if isinstance(document, Mapping) else document
    if depth(plain) > MOST_DEPTH:
        raise ConfigurationError([Places().problem((), f"nested more than {MOST_DEPTH} levels deep")])
    return _parse(plain, Places(), plugins, (), [])


def refuse_unbuilt(deployment: Deployment) -> None:
    """The one check before acting on a deployment: NotBuiltError where it asks for what is not built yet."""
    if deployment.refusals:
        raise NotBuiltError(deployment.refusals)


def _parse(
    document: Json,
    places: Places,
    plugins: PluginModels,
    secret: Collection[Path],
    problems: list[Problem],
) -> Deployment:
    if not isinstance(document, dict):
        kind = "a list" if isinstance(document, list) else "a single value"
        message = f"expected a mapping that starts with 'version: 1', got {kind}"
        raise ConfigurationError([places.problem((), message)])
    problems = [*problems, *(places.problem(path, message) for path, message in unstorable(document))]
    unbuilt = refused(document, plugins)
    checking = Checking(document, places, plugins, secret, unbuilt, problems)
    file = checking.shape()
    checked = {section.path: checking.section(section) for section in sections(document)}
    checked |= {section.path: checking.section(section) for section in _left_out(document)}
    checking.unbuilt_steps()
    cross_check(checking, {path: each.model for path, each in checked.items()})
    refusals = as_refusals(unbuilt, places)
    if checking.problems or file is None:
        raise ConfigurationError(_in_order(checking.problems), refusals)
    return Deployment(
        application=file.application,
        environments={name: _environment(name, file, checked) for name in file.environments},
        settings=document,
        artifact=file.build.artifact if file.build else None,
        warnings=tuple(_in_order(checking.warnings)),
        refusals=refusals,
        places=places,
    )


def _left_out(document: Mapping[str, Json]) -> list[Section]:
    """The sections that the contract supplies where an environment does not."""
    environments = document.get("environments")
    found: list[Section] = []
    for name, environment in environments.items() if isinstance(environments, dict) else ():
        path: Path = ("environments", name)
        if isinstance(environment, dict) and environment.get("router") is None:
            found.append(Section("router", (*path, "router"), {"use": DEFAULT_ROUTER}))
        if isinstance(environment, dict) and environment.get("monitors") is None:
            found.append(Section("monitor", (*path, "monitors", 0), {"use": DEFAULT_MONITOR}))
    return found


def _environment(name: str, file: DeploymentFile, checked: Mapping[Path, Checked]) -> EnvironmentUse:
    path: Path = ("environments", name)
    environment = file.environments[name]
    count = 1 if environment.monitors is None else len(environment.monitors)
    return EnvironmentUse(
        name=name,
        target=_plugin(checked[(*path, "target")]),
        router=_plugin(checked[(*path, "router")]),
        strategy=_plugin(checked[(*path, "strategy")]),
        monitors=tuple(_monitor(checked[(*path, "monitors", index)]) for index in range(count)),
        unwatched=environment.monitors == (),
        on_busy=environment.on_busy,
    )


def _plugin(checked: Checked) -> PluginUse:
    return PluginUse(checked.section.use or "", checked.settings, checked.model)


def _monitor(checked: Checked) -> MonitorUse:
    policy = checked.common if isinstance(checked.common, MonitorPolicy) else MonitorPolicy()
    use = checked.section.use or ""
    return MonitorUse(
        use=use,
        settings=checked.settings,
        model=checked.model,
        name=policy.name or use,
        min_requests=policy.min_requests,
        extend=policy.extend,
        on_no_data=policy.on_no_data,
        on_error=policy.on_error,
        on_inconclusive=policy.on_inconclusive,
        dry_run=policy.dry_run,
    )


def _in_order(problems: list[Problem]) -> list[Problem]:
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda each: (each.line or 0, each.column or 0))
