"""What is wrong with a deploy.yaml: each thing once, at its place, in one sentence."""

import math
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from rollway.config import Json, Kind, json_schema, load, parse_settings
from rollway.config.reader import read
from rollway.config.steps import EMPTY_STEP
from rollway.config.types import Duration, Settings, Weight
from rollway.errors import ConfigurationError, PluginError
from tests.unit.config.documents import EXAMPLE, SMALL, complaints, loaded
from tests.unit.config.plugins import PLUGINS, Table

STEP = "        - {weight: 5%, hold: 1m}\n"
TARGET = "{use: process, command: python app.py}"


def test_the_small_document_is_right(tmp_path: Path) -> None:
    prod = loaded(tmp_path, SMALL).environments["prod"]
    assert prod.router.use == "envoy"
    assert [each.use for each in prod.monitors] == ["error-rate"]
    assert prod.on_busy == "refuse"
    assert not prod.unwatched


def test_the_contracts_own_example_of_an_error(tmp_path: Path) -> None:
    text = SMALL.replace(STEP, STEP + "        - wieght: 25%\n          hold: 1m\n")
    assert complaints(tmp_path, text) == [
        "deploy.yaml:10:11: environments.prod.strategy.steps[1].wieght: unknown key; did you mean 'weight'?"
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version: 1", "version: 2", ["1:10: version: expected 1, got 2"]),
        ("version: 1\n", "", ["1:1: version: this key is required"]),
        ("application: shop", "aplication: shop", ["2:1: aplication: unknown key; did you mean 'application'?"]),
        ("application: shop", "application: [shop]", ["2:14: application: expected a name as text; put it in quotes, got a list"]),
        ("application: shop", "application: 7", ["2:14: application: expected a name as text; put it in quotes, got 7"]),
        ("  prod:", "  PROD:", ["4:3: environments.PROD: expected a name of at most 40 lower-case letters, digits and '-', not at its ends, got 'PROD'"]),
        (TARGET, "process", ["5:13: environments.prod.target: expected {use: process}, got 'process'"]),
        (TARGET, "", ["5:5: environments.prod.target: expected a mapping with 'use: NAME', the target to use, got nothing"]),
        (TARGET, "{command: x}", ["5:13: environments.prod.target: 'use: NAME' is missing, the target to use"]),
        (TARGET, "{use: proces, command: x}", ["5:19: environments.prod.target.use: no target plugin is called 'proces'; loaded: process; did you mean 'process'?"]),
        (TARGET, "{use: process, comand: x}", ["5:28: environments.prod.target.comand: unknown key; did you mean 'command'?"]),
        (TARGET, "{use: process, command: x, zzz: 1}", ["5:40: environments.prod.target.zzz: unknown key; known here: command, environment, health, instances"]),
        (TARGET, "{use: process, command: x, hold: 1m}", ["5:40: environments.prod.target.hold: unknown key here; it belongs under an entry of strategy.steps"]),
        (TARGET, "{use: process, command: \"it's\"}", ["5:37: environments.prod.target.command: not a command line: no closing quotation"]),
        (TARGET, "{use: process, command: x, instances: many}", ["5:51: environments.prod.target.instances: expected a whole number, got 'many'"]),
        (TARGET, "{use: process, command: x, health: {interval: 5}}", ["5:59: environments.prod.target.health.interval: expected a duration with its unit, such as 500ms, 10s or 5m, got 5"]),
        (TARGET, "{use: process, command: x, env: {}}", ["5:40: environments.prod.target.env: unknown key; did you mean 'environment'?"]),
        (TARGET, "{use: process, command: x, health: {timeout: 1ms}}", ["5:58: environments.prod.target.health.timeout: expected at least 50ms, got '1ms'"]),
        (TARGET, "{use: process, command: x, health: {healthy_after: '0'}}", ["5:64: environments.prod.target.health.healthy_after: expected at least 1, got '0'"]),
        ("hold: 1m}", "hold: 1m, obsrve: {for: 1m}}", ["9:34: environments.prod.strategy.steps[0].obsrve: unknown key; did you mean 'observe'?"]),
        ("weight: 5%", "weight: 105%", ["9:20: environments.prod.strategy.steps[0].weight: expected a weight between 0% and 100%, got '105%'"]),
        ("weight: 5%", "weight: 0.123%", ["9:20: environments.prod.strategy.steps[0].weight: expected a weight with at most two decimals, such as 0.25%, got '0.123%'"]),
        ("weight: 5%", "weight: 0", ["9:20: environments.prod.strategy.steps[0].weight: at 0% a step has no traffic to watch; give it a weight above 0%"]),
        ("{weight: 5%, hold: 1m}", "{}", [
            "8:7: environments.prod.strategy.steps: monitors need time to watch: give a step a 'hold', or say 'monitors: none'",
            "9:11: environments.prod.strategy.steps[0]: a step without any instruction; give it a weight and a hold, or remove it",
        ]),
        (", hold: 1m", "", ["8:7: environments.prod.strategy.steps: monitors need time to watch: give a step a 'hold', or say 'monitors: none'"]),
        (", hold: 1m", ", hold: 0s", ["8:7: environments.prod.strategy.steps: monitors need time to watch: give a step a 'hold', or say 'monitors: none'"]),
        ("hold: 1m", "hold: 1m, observe: {for: 1m}", ["9:11: environments.prod.strategy.steps[0]: a step has hold or observe, not both"]),
        ("    target:", "    on_busy: replce\n    target:", ["5:14: environments.prod.on_busy: expected 'refuse', 'replace' or 'queue', got 'replce'; did you mean 'replace'?"]),
        ("    target:", "    bake: 5m\n    target:", ["5:5: environments.prod.bake: unknown key here; it belongs under strategy"]),
        ("    target:", "    monitors: []\n    target:", ["5:15: environments.prod.monitors: expected a list of monitors, or none where nobody is to watch, got a list"]),
        ("    target:", "    monitors: [{use: error-rate, tolerance: 1}]\n    target:", ["5:45: environments.prod.monitors[0].tolerance: expected a percentage with its sign, such as 1%, got 1"]),
        ("    target:", "    monitors: [{use: error-rate, margin: atuo}]\n    target:", ["5:42: environments.prod.monitors[0].margin: expected a percentage such as 0.2% or 5% or 'auto', got 'atuo'"]),
        ("    target:", "    monitors: [{use: error-rate}, {use: error-rate}]\n    target:", ["5:35: environments.prod.monitors[1]: a second monitor called 'error-rate', after monitors[0]; give it a 'name' of its own"]),
        ("    target:", "    monitors: [{use: errorrate}]\n    target:", ["5:22: environments.prod.monitors[0].use: no monitor plugin is called 'errorrate'; loaded: error-rate; did you mean 'error-rate'?"]),
        ("    target:", "    target: {use: process, command: y}\n    target:", ["6:5: environments.prod.target: this key stands twice, first on line 5; remove one of them"]),
    ],
)  # fmt: skip
def test_each_problem_is_one_sentence_at_its_place(
    tmp_path: Path, old: str, new: str, says: list[str]
) -> None:
    assert old in SMALL
    assert complaints(tmp_path, SMALL.replace(old, new)) == [f"deploy.yaml:{each}" for each in says]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a", "deploy.yaml:1:1: expected a mapping that starts with 'version: 1', got a list"),
        (
            "just text",
            "deploy.yaml:1:1: expected a mapping that starts with 'version: 1', got a single value",
        ),
        (SMALL.split("  prod:")[0] + "  {}", "deploy.yaml:4:3: environments: expected at least 1 entry"),
    ],
)
def test_documents_of_another_shape(tmp_path: Path, text: str, says: str) -> None:
    assert complaints(tmp_path, text) == [says]


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        SMALL.replace("shop", "Shop").replace(TARGET, "{use: process}").replace("5%", "500%")
        + "pipline: []\n"
    )
    lines = [int(each.split(":")[1]) for each in complaints(tmp_path, text)]
    assert lines == [2, 5, 9, 10]


def test_problems_of_unbuilt_parts_are_found_as_well(tmp_path: Path) -> None:
    text = (
        SMALL + "    notify: [{use: webhook, on: [rolledback]}]\npipeline: [{stage: x, approve: {by: []}}]\n"
    )
    assert complaints(tmp_path, text) == [
        (
            "deploy.yaml:10:34: environments.prod.notify[0].on[0]: expected 'started', 'waiting', 'promoted', 'baked', "
            "'rolled_back', 'aborted', 'failed' or 'frozen', got 'rolledback'; did you mean 'rolled_back'?"
        ),
        "deploy.yaml:11:37: pipeline[0].approve.by: expected at least 1 entry",
    ]


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    for given in ("{secret: hun ter2}", "{secrt: hunter2}", "[hunter2]", "{secret: [hunter2]}"):
        text = SMALL.replace(TARGET, f"{{use: process, command: x, environment: {{TOKEN: {given}}}}}")
        said = "\n".join(complaints(tmp_path, text))
        assert "environments.prod.target.environment.TOKEN" in said
        assert "hunter2" not in said
        assert "ter2" not in said


def test_a_value_from_the_environment_is_never_repeated(tmp_path: Path) -> None:
    text = SMALL.replace(TARGET, "{use: process, command: x, instances: '${N}'}")
    assert complaints(tmp_path, text, {"N": "hunter2"}) == [
        "deploy.yaml:5:51: environments.prod.target.instances: expected a whole number"
    ]


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        ("127.0.0.1:80", "127.0.0.1:80", True),
        ("localhost:80", "127.0.0.1:80", True),
        ("0.0.0.0:80", "10.0.0.1:80", True),
        ("127.0.0.1:80", "127.0.0.1:81", False),
        ("127.0.0.1:80", "127.0.0.2:80", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
    ],
)
def test_two_environments_cannot_listen_at_one_address(
    tmp_path: Path, one: str, other: str, collide: bool
) -> None:
    head, prod = SMALL.split("  prod:\n")
    text = head
    for name, listen in (("beta", one), ("prod", other)):
        text += f"  {name}:\n    router: {{use: envoy, listen: '{listen}'}}\n{prod}"
    said = complaints(tmp_path, text)
    assert bool(said) is collide
    assert all(
        "environments.prod.router.listen: environment 'beta' listens on port 80 already" in each
        for each in said
    )


def test_warnings_do_not_stop(tmp_path: Path) -> None:
    text = SMALL.replace(STEP, STEP + "        - weight: 0.5\n")
    deployment = loaded(tmp_path, text)
    said = [str(each).replace(f"{tmp_path}/", "") for each in deployment.warnings]
    assert said == [
        "deploy.yaml:10:19: environments.prod.strategy.steps[1].weight: read as 0.5%, not as a fraction; write 0.5% to say so",
        "deploy.yaml:10:19: environments.prod.strategy.steps[1].weight: lower than the 5% of a step before it; steps usually climb",
    ]


def test_what_the_core_takes_of_a_monitor(tmp_path: Path) -> None:
    text = (
        SMALL
        + "    monitors: [{use: error-rate, name: e, tolerance: 1%, extend: 2, min_requests: 9, on_no_data: fail}]\n"
    )
    (monitor,) = loaded(tmp_path, text).environments["prod"].monitors
    assert monitor.settings == {"tolerance": "1%"}
    assert (monitor.name, monitor.extend, monitor.min_requests) == ("e", 2, 9)
    assert (monitor.on_no_data, monitor.on_error, monitor.dry_run) == ("fail", "pause", False)


def test_a_plugin_that_is_installed_and_broken_is_a_problem_where_it_is_named(tmp_path: Path) -> None:
    class Broken(Table):
        def settings_model(self, kind: Kind, name: str) -> type[BaseModel] | None:
            raise PluginError(f"{name}: cannot be imported")

    (tmp_path / "deploy.yaml").write_text(SMALL)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "deploy.yaml", {}, Broken())
    assert "deploy.yaml:5:19: environments.prod.target.use: process: cannot be imported" in str(caught.value)


def test_a_plugin_need_not_know_what_is_not_built(tmp_path: Path) -> None:
    """Its model may be narrower than the contract: the core checks the shape, refuses, and describes it."""

    class Step(Settings):
        weight: Weight | None = None
        hold: Duration = 0.0

    class Narrow(Settings):
        steps: list[Step]

    plugins = Table({**PLUGINS.models, ("strategy", "canary"): Narrow})
    deployment = load(EXAMPLE, {}, plugins)
    assert deployment.refusals == load(EXAMPLE, {}, PLUGINS).refusals
    assert Draft202012Validator(json_schema(plugins)).is_valid(read(EXAMPLE)[0])
    wrong = SMALL + "        - {approve: {by: x}}\n        - {}\n"
    (tmp_path / "deploy.yaml").write_text(wrong)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "deploy.yaml", {}, plugins)
    assert [(each.path, each.message) for each in caught.value.problems] == [
        ("environments.prod.strategy.steps[1].approve.by", "expected a list, got 'x'"),
        ("environments.prod.strategy.steps[2]", EMPTY_STEP),
    ]


def test_nobody_watches_by_choice_only(tmp_path: Path) -> None:
    prod = loaded(tmp_path, SMALL.replace(", hold: 1m", "") + "    monitors: none\n").environments["prod"]
    assert prod.monitors == ()
    assert prod.unwatched


def test_stored_settings_have_paths_and_no_lines(tmp_path: Path) -> None:
    settings = dict(loaded(tmp_path, SMALL).settings)
    with pytest.raises(ConfigurationError) as caught:
        parse_settings({**settings, "application": "Shop", "x": 1}, PLUGINS)
    assert sorted(str(each).split(":")[0] for each in caught.value.problems) == ["application", "x"]


def test_settings_sent_by_a_stranger_are_bounded() -> None:
    nested: list[object] = []
    for _ in range(5000):
        nested = [nested]
    with pytest.raises(ConfigurationError, match="nested more than 50"):
        parse_settings({"version": nested}, PLUGINS)  # type: ignore[dict-item]


@pytest.mark.parametrize("value", [math.nan, math.inf, "\0", "\ud800", 10**400])
def test_what_no_store_could_hold_is_refused(value: float | str) -> None:
    latency: dict[str, Json] = {"use": "latency", "x": [value]}
    document = read(EXAMPLE)[0]
    assert isinstance(document, dict)
    document["source"] = latency
    with pytest.raises(ConfigurationError, match=r"source\.x\[0\]: expected"):
        parse_settings(document, PLUGINS)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ("    on_busy: replace\n", "environments.prod.on_busy"),
        ("    router: {use: haproxy, socket: /run/x}\n", "environments.prod.router.use"),
        ("    monitors: [{use: error-rate, warm_up: 5s}]\n", "environments.prod.monitors[0].warm_up"),
        ("        - {run: [x]}\n", "environments.prod.strategy.steps[1].run"),
        ("        - {scale: 2, hold: 1m}\n", "environments.prod.strategy.steps[1].scale"),
        (
            "        - {observe: {for: 5m, until: evidence, min_requests: 5}}\n",
            "environments.prod.strategy.steps[1].observe",
        ),
        ("        - {wait_for: {url: http://x}}\n", "environments.prod.strategy.steps[1].wait_for"),
        ("      capacity: shift\n", "environments.prod.strategy.capacity"),
    ],
)
def test_what_is_known_and_not_built_is_refused_by_name(tmp_path: Path, change: str, path: str) -> None:
    assert [each.path for each in loaded(tmp_path, SMALL + change).refusals] == [path]


@pytest.mark.parametrize(
    "strategy",
    [
        "{use: linear10percentEvery1minute}",
        "{use: canary10percent5minutes}",
        "{use: blue-green, preview: {header: 'x-preview: 1'}, bake: 10m}",
        "{use: rolling, batches: 25%}",
    ],
)
def test_strategies_that_are_not_built_are_refused_once(tmp_path: Path, strategy: str) -> None:
    text = SMALL[: SMALL.index("    strategy:")] + f"    strategy: {strategy}\n"
    assert [each.path for each in loaded(tmp_path, text).refusals] == ["environments.prod.strategy.use"]
