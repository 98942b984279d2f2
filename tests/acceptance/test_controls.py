"""The controls against the daemon as it is: real processes, the real Envoy, real load, the real command line."""

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from rollway.errors import ConflictError
from rollway.http.documents import RolloutDocument
from rollway.testing.traffic import Load
from tests.acceptance.harness import Site
from tests.acceptance.test_main_job import visitors


def rollway(site: Site, *words: str) -> "subprocess.CompletedProcess[str]":
    """The command line as a user has it, in the site's folder."""
    return subprocess.run(
        [sys.executable, "-m", "rollway", "--server", f"http://{site.api}", *words],
        cwd=site.folder,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def at_weight(site: Site, id_: str, weight: float) -> RolloutDocument:
    return site.until(lambda: r if (r := site.rollout(id_)).weight == weight else None, f"{weight}%")


def holding(site: Site, **behaviour: object) -> str:
    """1.0 is stable; 1.1 stands in a hold that nothing but a person shortens."""
    site.steps = [{"weight": "25%", "hold": "5m"}, {"weight": "50%", "hold": "5m"}]
    site.apply()
    site.stable()
    id_ = site.deploy("1.1", **behaviour)
    at_weight(site, id_, 25)
    return id_


async def test_pause_resume_and_promote_with_visitors(site: Site) -> None:
    id_ = await asyncio.to_thread(holding, site)
    async with visitors(site) as load:
        with site.client as client:
            assert client.pause(id_, "let me look").waiting_for == "person"
            with pytest.raises(ConflictError, match="paused already"):
                client.pause(id_)
            await load.reach(200)
            paused = client.rollout(id_)
            assert (paused.phase, paused.weight, paused.reason) == (
                "paused",
                25,
                "paused by tester: let me look",
            )
            watched = paused.watched
            await load.reach(200)
            assert client.rollout(id_).watched == watched, "the rest of the hold is kept"
            assert client.resume(id_).phase == "running"
            client.promote(id_)
            await asyncio.to_thread(at_weight, site, id_, 50)
            client.promote(id_, full=True)
        ended = await asyncio.to_thread(site.ended, id_)
    assert (ended.phase, ended.weight) == ("promoted", 100)
    assert load.failures == []


async def test_a_monitor_takes_back_what_is_paused(site: Site) -> None:
    broken = site.folder / "broken"
    id_ = await asyncio.to_thread(holding, site, breaks_with=str(broken))
    async with visitors(site):
        with site.client as client:
            client.pause(id_)
            broken.touch()
            ended = await asyncio.to_thread(site.ended, id_)
            assert (ended.phase, ended.weight) == ("rolled_back", 0)
            for said in (client.pause, client.resume, client.promote, client.abort):
                with pytest.raises(ConflictError, match="has ended"):
                    said(id_)


def test_the_exit_codes_of_those_who_follow(site: Site) -> None:
    id_ = holding(site)
    with ThreadPoolExecutor() as pool:
        watching = pool.submit(rollway, site, "watch", id_)
        assert rollway(site, "watch", id_, "--timeout", "1s").returncode == 9
        assert rollway(site, "pause", "app/prod").returncode == 0
        refused = rollway(site, "status", "app/prod", "--wait", "--no-wait", "-o", "json")
        assert refused.returncode == 9
        assert json.loads(refused.stdout)["waiting_for"] == "person"
        assert "it waits for a person: paused by" in refused.stderr
        busy = rollway(site, "deploy", "app/prod", "--release", "1.1")
        assert busy.returncode == 8
        assert id_ in busy.stderr
        back = rollway(site, "rollback", "app/prod", "-o", "json")
        assert (back.returncode, json.loads(back.stdout)["phase"]) == (0, "aborted")
        assert watching.result().returncode == 4
    assert rollway(site, "status", "app/prod", "--wait").returncode == 4
    assert rollway(site, "pause", id_).returncode == 8
    assert rollway(site, "pause", "app/prod").returncode == 10


def test_deploying_what_is_stable_ends_what_runs(site: Site) -> None:
    id_ = holding(site)
    done = rollway(site, "deploy", "app/prod", "--release", "1.0", "-o", "json")
    assert done.returncode == 0
    assert (json.loads(done.stdout)["id"], json.loads(done.stdout)["phase"]) == (id_, "aborted")
    again = rollway(site, "deploy", "app/prod", "--release", "1.0")
    assert again.returncode == 0
    assert "stable already" in again.stderr


def test_retry_unwatched_history_and_list(site: Site) -> None:
    id_ = holding(site)
    assert rollway(site, "abort", id_, "--reason", "the shop window is wrong").returncode == 0
    site.ended(id_)
    retried = json.loads(rollway(site, "retry", id_, "--detach", "-o", "json").stdout)
    assert (retried["retry_of"], retried["release"]) == (id_, "1.1")
    assert rollway(site, "rollback", "app/prod").returncode == 0
    site.release("1.2")
    unwatched = rollway(
        site,
        "deploy",
        "app/prod",
        "--release",
        "1.2",
        "--unwatched",
        "--reason",
        "it is an outage",
        "--detach",
    )
    assert unwatched.returncode == 0
    assert rollway(site, "promote", "app/prod", "--full").returncode == 0
    assert rollway(site, "status", "app/prod", "--wait").returncode == 0
    assert rollway(site, "rollback", "app/prod", "--to", "1.0").returncode == 0
    told = json.loads(rollway(site, "history", "app/prod", "-o", "json").stdout)
    assert [(each["release"], each["phase"], each["unwatched"]) for each in told] == [
        ("1.0", "promoted", False),
        ("1.2", "promoted", True),
        ("1.1", "aborted", False),
        ("1.1", "aborted", False),
        ("1.0", "promoted", False),
    ]
    assert [each["taken_back"] for each in told] == [False, True, False, False, False]
    assert told[1]["why"] == "it is an outage"
    assert "the shop window is wrong" in rollway(site, "history", "app/prod").stdout
    listed = json.loads(rollway(site, "list", "--phase", "aborted", "-o", "json").stdout)
    assert [each["id"] for each in listed] == [retried["id"], id_]


def test_the_output_of_instances_while_they_run_and_after(site: Site) -> None:
    id_ = holding(site)
    told = rollway(site, "logs", "app/prod").stdout
    assert "1.1 begins" in told
    assert "1.0 begins" in told
    with site.client as client:
        client.abort(id_)
    site.ended(id_)
    rest = json.loads(rollway(site, "logs", id_, "-o", "json").stdout)["instances"]
    assert {each["release"] for each in rest} >= {"1.0"}


def test_of_two_deploys_at_the_same_instant_one_wins(site: Site) -> None:
    site.stable()
    site.release("1.1")
    site.release("1.2")
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(_start, site, release) for release in ("1.1", "1.2")]
        found = [call.result() for call in calls]
    (won,) = [each for each in found if isinstance(each, RolloutDocument)]
    (lost,) = [each for each in found if isinstance(each, ConflictError)]
    assert won.id in str(lost)
    assert won.release in str(lost)


def _start(site: Site, release: str) -> RolloutDocument | ConflictError:
    with site.client as client:
        try:
            return client.start("app", "prod", release)
        except ConflictError as error:
            return error


async def test_what_waits_for_evidence_is_promoted_by_a_person(site: Site) -> None:
    await asyncio.to_thread(site.stable)
    id_ = await asyncio.to_thread(site.deploy, "1.1")
    following = asyncio.create_task(asyncio.to_thread(rollway, site, "watch", id_))
    await asyncio.to_thread(site.until, lambda: site.rollout(id_).phase == "paused", "the pause")
    with site.client as client:
        await asyncio.to_thread(client.promote, id_, full=True)
    assert (await asyncio.to_thread(site.ended, id_)).phase == "promoted"
    async with Load(site.visitors, rate=50) as load:
        await load.reach(5)
    assert set(load.releases) == {"1.1"}
    told = await following
    assert told.returncode == 0
    assert f"go on without it: rollway promote {id_}" in told.stderr


def test_a_browser_finds_where_it_is(site: Site) -> None:
    page = httpx.get(f"http://{site.api}/")
    assert page.status_code == 200
    assert "console is not built yet" in page.text
    for address in ("/openapi.json", "/metrics", "/healthz", "/readyz", "/api/v1/rollouts"):
        assert f'href="{address}"' in page.text
        assert httpx.get(f"http://{site.api}{address}").status_code == 200
