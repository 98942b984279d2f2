"""What is said of daemons that share a database: metrics, findings, URLs that may be shown."""

import asyncio
from collections.abc import Collection, Sequence

import pytest

from rollway.daemon.doctor import Practice, of_daemons, of_reach
from rollway.daemon.reach import Reached
from rollway.daemon.sharing import without_password
from rollway.daemon.unit import of_unit, unit_of
from rollway.doctor.plugins import Named
from rollway.domain.findings import Finding, Grade
from rollway.engine.ownership import node_lease
from rollway.engine.rollcall import RollCall, Seen, sole
from rollway.store import Member
from tests.unit.daemon.histories import Telling

ME = Seen(
    Member("me", "web-6", "http://127.0.0.1:7700", "1.0"), me=True, leases=frozenset({"any/00", "any/01"})
)
LOST = Seen(
    Member("b", "web-7", "", "1.0"), alive=False, silence=9.0, leases=frozenset({node_lease("web-7")})
)
NEWER = Seen(Member("c", "web-8", "", "1.1"))


def test_daemons_and_leases_are_counted() -> None:
    telling = Telling(daemons=RollCall((ME, LOST, NEWER)))
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in telling.registry.collect()
        for sample in family.samples
    }
    assert values["rollway_daemons", "alive"] == 2
    assert values["rollway_daemons", "silent"] == 1
    assert values[("rollway_leases_held",)] == 2
    assert values[("rollway_nodes_lost",)] == 1


@pytest.mark.parametrize(
    ("found", "grades", "said"),
    [
        (sole(ME.member), [], ""),
        (RollCall((ME,)), ["ok"], "1 share the database"),
        (RollCall((ME, LOST)), ["problem", "ok"], "node web-7 is lost"),
        (RollCall((ME, NEWER)), ["warning"], "of different versions: 1.0, 1.1"),
        (RollCall(), ["problem"], "not been counted"),
    ],
)
def test_what_is_found_of_them(found: RollCall, grades: list[str], said: str) -> None:
    findings = of_daemons(found, {"web-6", "web-7"} if "lost" in said else ())
    assert [each.grade.value for each in findings] == grades
    assert said in " ".join(each.said for each in findings)
    assert all(each.advice or each.grade is Grade.OK for each in findings)


def test_whoever_does_not_reach_the_artifacts_is_named() -> None:
    well, ill = Reached("/srv/a"), Reached("/srv/a", "the artifact folder /srv/a is not there", "mount it")
    [finding] = of_reach({"web-6": well, "web-7": ill})
    assert (finding.grade, finding.said) == (
        Grade.PROBLEM,
        "on web-7: the artifact folder /srv/a is not there",
    )
    [finding] = of_reach({"web-6": well, "web-7": well})
    assert finding.said == "/srv/a, reached from web-6, web-7"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://ann:swordfish@db/rollway", "postgresql://ann@db/rollway"),
        (
            "postgresql://ann:a@b:c@h:1,h2:2/db?sslmode=require",
            "postgresql://ann@h:1,h2:2/db?sslmode=require",
        ),
        ("postgresql://h/db?password=swordfish&user=ann", "postgresql://h/db?user=ann"),
        ("postgresql:///db?password=swordfish", "postgresql:///db"),
        ("sqlite:////var/lib/rollway/rollway.db", "sqlite:////var/lib/rollway/rollway.db"),
    ],
)
def test_a_database_is_shown_without_its_password(given: str, shown: str) -> None:
    assert without_password(given) == shown


def test_the_unit_of_a_process_is_found() -> None:
    assert unit_of("0::/system.slice/rollway.service\n") == "rollway.service"
    assert unit_of("0::/user.slice/user-0.slice/session-1.scope\n") is None
    assert of_unit("rollway.service", "process").grade is Grade.OK
    assert of_unit("rollway.service", "control-group").grade is Grade.PROBLEM


async def test_whoever_asks_while_somebody_is_answered_gets_the_same_answer() -> None:
    asked: list[Collection[Named]] = []
    answered = asyncio.Event()

    async def look(plugins: Collection[Named]) -> Sequence[Finding]:
        asked.append(plugins)
        await answered.wait()
        return [Finding("disk", f"look {len(asked)}")]

    practice = Practice(look)
    both = [asyncio.create_task(practice.look()) for _ in range(2)]
    other = asyncio.create_task(practice.look([("router", "envoy")]))
    answered.set()
    first, second = await asyncio.gather(*both)
    assert first is second
    assert await other != first
    assert asked == [frozenset(), frozenset({("router", "envoy")})]
