"""The command line against a real server: what it prints, and how it exits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from rollway.cli.main import main
from rollway.domain import events as e
from rollway.domain.words import Phase
from tests.integration.served_memory import Served, served
from tests.unit.http.memory_usecases import HEALTHY_CANARY, promotion, taking_back

FILE = """\
version: 1
application: shop
environments:
  prod:
    target: {use: process, command: python server.py --port {port}, instances: 3}
    strategy: {use: canary, steps: [{weight: 5%, hold: 1m}]}
"""


def good(id_: str) -> Sequence[e.RolloutEvent]:
    return (*HEALTHY_CANARY, *promotion(id_))


def ending(phase: Phase) -> Callable[[str], Sequence[e.RolloutEvent]]:
    return lambda id_: (*HEALTHY_CANARY, *taking_back(id_, phase))


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


class Run:
    """`rollway WORDS` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Done:
        self._capsys.readouterr()
        code = main(words)
        out, err = self._capsys.readouterr()
        return Done(code, out, err)


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Served) -> Path:
    (tmp_path / "deploy.yaml").write_text(FILE)
    (tmp_path / "server.py").write_text("print('serving')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROLLWAY_SERVER", server.url)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


def test_apply_says_whether_anything_changed(project: Path, run: Run) -> None:
    assert run("apply").out == "shop: applied, revision 1\n"
    assert run("apply").out == "shop: unchanged, revision 1\n"


def test_a_deploy_applies_packs_sends_and_follows_to_the_end(project: Path, server: Served, run: Run) -> None:
    server.cases.goes = good
    done = run("deploy", "prod")
    assert done.code == 0
    assert "applied deploy.yaml: shop, revision 1" in done.err
    (row,) = server.cases.made.values()
    assert f"release {row.name}" in done.err
    assert row.artifact in server.cases.tars
    assert row.settings == {"prod": {"use": "process", "command": "python server.py --port {port}"}}
    assert "step 3 of 7: 5%" in done.out
    assert done.out.splitlines()[-1].endswith("promoted: v2 is stable")


@pytest.mark.parametrize(("phase", "code"), [(Phase.ROLLED_BACK, 3), (Phase.ABORTED, 4), (Phase.FAILED, 5)])
def test_the_exit_code_says_how_it_ended(
    project: Path, server: Served, run: Run, phase: Phase, code: int
) -> None:
    server.cases.goes = ending(phase)
    done = run("deploy", "prod", "--release", "v2", "-o", "json")
    assert done.code == code
    assert json.loads(done.out)["phase"] == phase.value
    assert run("watch", json.loads(done.out)["id"]).code == code


def test_detached_it_prints_the_document_at_once(project: Path, run: Run) -> None:
    done = run("-o", "json", "deploy", "prod", "--detach")
    assert (done.code, json.loads(done.out)["phase"]) == (0, "running")


def test_options_stand_before_or_after_the_command(project: Path, run: Run) -> None:
    run("apply")
    before, after = run("-o", "json", "status"), run("status", "-o", "json")
    assert json.loads(before.out) == json.loads(after.out)
    assert run("-o", "text", "status", "-o", "json").out == after.out
    assert YAML(typ="safe").load(run("status", "-o", "yaml").out) == json.loads(after.out)
    assert run("status", "--server", "http://127.0.0.1:1").code == 6


def test_a_known_release_is_deployed_without_an_artifact(project: Path, server: Served, run: Run) -> None:
    server.cases.goes = ending(Phase.ROLLED_BACK)
    run("deploy", "prod", "--release", "v2")
    sent = dict(server.cases.tars)
    (project / "server.py").write_text("print('other')")
    server.cases.goes = good
    assert run("deploy", "prod", "--release", "v2").code == 0
    assert server.cases.tars == sent


def test_a_known_name_with_other_content_is_a_conflict(project: Path, run: Run) -> None:
    run("deploy", "prod", "--release", "v2", "--detach")
    (project / "other").mkdir()
    (project / "other" / "file").write_text("other")
    done = run("deploy", "prod", "--release", "v2", "--artifact", "other")
    assert done.code == 8
    assert done.err.count("sha256:") == 2


def test_where_only_settings_changed_the_release_gets_another_name(
    project: Path, server: Served, run: Run
) -> None:
    (project / "app").mkdir()
    (project / "app" / "server.py").write_text("print('serving')")
    (project / "deploy.yaml").write_text(FILE + "build: {artifact: app}\n")
    server.cases.goes = ending(Phase.ROLLED_BACK)
    run("deploy", "prod")
    (project / "deploy.yaml").write_text(
        FILE.replace("{port}", "{port} --quiet") + "build: {artifact: app}\n"
    )
    run("deploy", "prod")
    first, second = (name for _, name in server.cases.made)
    assert second.startswith(f"{first}-")
    assert len(second) == len(first) + 7
    assert len(server.cases.tars) == 1


def test_a_busy_environment_is_a_conflict_that_says_who(project: Path, run: Run) -> None:
    run("deploy", "prod", "--release", "v2", "--detach")
    done = run("deploy", "prod", "--release", "v2")
    assert done.code == 8
    assert "holds shop/prod; follow it" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("deploy", "prod", "--replace"),
        ("deploy", "prod", "--wait", "bake"),
        ("deploy", "prod", "--unwatched"),
        ("deploy", "prod", "--timeout", "soon"),
        ("deploy",),
        ("deploy", "a/b/c"),
        ("deploy", "prod", "--release", "bad name"),
        ("deploy", "prod", "--release", "../1.0"),
        ("deploy", "prod", "--artifact", ""),
        ("status", "--token", "two\nlines"),
        ("status", "--token", "t\u00f6ken"),
        ("nonsense",),
        ("status", "--nonsense"),
        ("status", "-o", "xml"),
        ("plugins", "new", "x"),
        ("status", "--server", "nonsense"),
        ("demo", "--bad-errors", "lots"),
        ("daemon", "--listen", "0.0.0.0:7700"),
    ],
)
def test_wrong_usage(project: Path, run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("rollway: ")
    assert "Traceback" not in done.err
    assert done.err.count("\n") == 1


def test_the_list_of_commands_says_of_each_what_it_does(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a whole sentence, on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    listed = run("--help").out.partition("Commands:")[2].splitlines()
    assert len(listed) > 20
    assert [line for line in listed if line.endswith("...")] == []


@pytest.mark.parametrize(
    ("shell", "asked", "offered"),
    [
        ("bash", {"COMP_WORDS": "rollway dep", "COMP_CWORD": "1"}, "deploy"),
        ("bash", {"COMP_WORDS": "rollway deploy --unw", "COMP_CWORD": "2"}, "--unwatched"),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "rollway roll"}, "rollback"),
        (
            "fish",
            {"_TYPER_COMPLETE_ARGS": "rollway hist", "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
            "history",
        ),
    ],
)
def test_a_shell_completes_commands_and_options(shell: str, asked: dict[str, str], offered: str) -> None:
    environment = {**os.environ, **asked, "_ROLLWAY_COMPLETE": f"complete_{shell}"}
    rollway = Path(sys.executable).with_name("rollway")
    done = subprocess.run([rollway], env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert offered in done.stdout
    assert done.stderr == ""


def test_a_token_is_never_repeated(project: Path, run: Run) -> None:
    assert "secret" not in run("status", "--token", "secret\n").err


def test_an_empty_list_says_how_to_begin(project: Path, run: Run) -> None:
    assert run("list").out == "no rollout yet; start with: rollway deploy ENV\n"
    assert run("list", "--running").out == "no such rollout\n"
    assert json.loads(run("list", "-o", "json").out) == []


def test_an_artifact_outside_the_project_is_refused(project: Path, run: Run) -> None:
    (project / "deploy.yaml").write_text(FILE + "build: {artifact: ../elsewhere}\n")
    done = run("deploy", "prod")
    assert done.code == 2
    assert "deploy.yaml:7:19: build.artifact: leads out" in done.err


def test_what_is_not_there_is_not_found(project: Path, run: Run) -> None:
    run("apply")
    assert run("deploy", "live").code == 10
    assert run("status", "cart/prod").code == 10
    assert run("get", "r00000000000").code == 10
    elsewhere = run("status", "--application", "cart")
    assert (elsewhere.code, elsewhere.err.partition(";")[0]) == (
        10,
        "rollway: there is no application 'cart' here",
    )
    nothing = run("abort", "prod")
    assert nothing.code == 10
    assert "no rollout of shop/prod is running" in nothing.err


def test_a_rollout_is_named_by_its_environment_while_it_goes_on(
    project: Path, server: Served, run: Run
) -> None:
    id_ = json.loads(run("deploy", "prod", "--detach", "-o", "json").out)["id"]
    assert json.loads(run("get", "prod", "-o", "json").out)["id"] == id_
    assert json.loads(run("get", id_, "-o", "json").out)["id"] == id_
    assert [each["seq"] for each in json.loads(run("events", "shop/prod", "-o", "json").out)] == [1]
    assert f"rollout {id_}" in run("events", "prod").out
    assert "v2" in run("get", "prod").out or id_ in run("get", "prod").out
    assert json.loads(run("abort", "prod", "--reason", "smoke", "-o", "json").out)["id"] == id_


def test_a_rollback_of_a_running_rollout_ends_well_when_it_is_taken_back(
    project: Path, server: Served, run: Run
) -> None:
    run("deploy", "prod", "--detach")
    server.cases.goes = lambda id_: taking_back(id_, Phase.ABORTED)[1:]
    done = run("rollback", "prod")
    assert done.code == 0
    assert "ends rollout" in done.err
    server.cases.goes = ending(Phase.ROLLED_BACK)
    assert run("rollback", "prod").code == 3


def test_following_ends_with_its_time_and_the_rollout_goes_on(project: Path, run: Run) -> None:
    done = run("deploy", "prod", "--timeout", "300ms", "-o", "json")
    assert done.code == 9
    assert json.loads(done.out)["phase"] == "running"
    assert "rollway watch" in done.err


def test_following_ends_where_a_person_is_needed(project: Path, server: Served, run: Run) -> None:
    waiting = e.EvidenceAwaited(step=4, reason="error-rate is no_data: no request reached the canary")
    server.cases.goes = lambda id_: (*HEALTHY_CANARY, waiting)
    done = run("deploy", "prod", "--no-wait")
    assert done.code == 9
    assert "waits for evidence: error-rate is no_data" in done.err


def test_the_plan_is_shown_and_nothing_starts(project: Path, server: Served, run: Run) -> None:
    run("apply")
    shown = run("plan", "prod")
    assert shown.code == 0
    assert "watch 60 s" in shown.out
    assert "5% of visitors" in shown.out
    document = json.loads(run("plan", "prod", "--release", "v9", "-o", "json").out)
    assert {"digest", "release", "steps", "warnings"} <= set(document)
    assert {"index", "name", "kind", "group", "weight", "source_step"} <= set(document["steps"][0])
    (project / "deploy.yaml").write_text(FILE.replace("1m", "2m"))
    assert "differs from what was applied" in run("plan", "prod").err
    assert server.cases.happened == {}


def test_status_of_everything_and_of_nothing(project: Path, server: Served, run: Run) -> None:
    assert "rollway apply" in run("status").out
    assert json.loads(run("status", "-o", "json").out) == []
    run("deploy", "prod", "--detach")
    table = run("status").out
    assert "shop/prod" in table
    assert "100%" in table
    assert "3/3" in table


def test_validate_tells_every_problem_with_its_line(project: Path, run: Run) -> None:
    assert run("validate").out == "deploy.yaml: OK\n"
    (project / "bad.yaml").write_text(FILE.replace("hold", "hodl").replace("5%", "101%") + "pipeline: []\n")
    done = run("validate", "-f", "bad.yaml")
    assert (done.code, done.out) == (2, "")
    assert "bad.yaml:6:" in done.err
    assert "'hold'" in done.err
    document = json.loads(run("validate", "-f", "bad.yaml", "-o", "json").out)
    assert document["valid"] is False
    assert [each["line"] for each in document["problems"]] == [6, 6, 6]
    assert run("validate", "-f", "missing.yaml").code == 2
    assert run("apply", "-f", "bad.yaml").code == 2


def test_schema_and_plugins_need_no_daemon(project: Path, run: Run) -> None:
    assert json.loads(run("schema").out)["$schema"].startswith("https://json-schema.org/")
    assert "canary" in run("plugins").out
    assert {"kind", "name", "loaded"} <= set(json.loads(run("plugins", "list", "-o", "json").out)[0])


def rollway(*words: str) -> list[str]:
    return [sys.executable, "-m", "rollway", *words]


def test_a_newcomer_is_told_where_to_start(tmp_path: Path) -> None:
    done = subprocess.run(rollway(), capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "rollway demo" in done.stdout


def test_the_version_is_answered_without_anything_that_costs(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "rollway", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.startswith("rollway ")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"typer", "httpx", "rich", "pydantic", "fastapi", "sqlalchemy"}


def test_a_file_is_checked_without_what_talks_packs_and_draws(project: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "rollway", "validate"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project, check=True)
    assert done.stdout == "deploy.yaml: OK\n"
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"httpx", "rich", "fastapi", "sqlalchemy", "pathspec", "rollway.artifact.packing"}


def test_ctrl_c_leaves_the_rollout_going(project: Path, server: Served) -> None:
    environment = {**os.environ, "ROLLWAY_SERVER": server.url}
    with subprocess.Popen(
        rollway("deploy", "prod"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=project,
    ) as process:
        assert process.stdout is not None
        assert "rollout r" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "the rollout goes on; follow it: rollway watch r" in err
    assert "Traceback" not in err
    assert len(server.cases.happened["r00000000000"]) == 1
