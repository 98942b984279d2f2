"""What real traffic sees of shifts, lowerings, dying instances, and how it is counted."""

import asyncio
import base64
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rollway.api import Address, Effect, GroupCounters, Mark, PluginError, RoutedGroup, Routing, Split, Token
from rollway.testing.origin import Origin
from rollway.testing.traffic import Connection, Load, TrafficError, request
from tests.integration.envoy_rig import CANARY, PLACE, STABLE, EnvoyRig, envoy_rig

MARK = Mark(CANARY, "rollout-7/lower", "error-rate: 5 % of 200 requests failed")


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[EnvoyRig]:
    async with envoy_rig(tmp_path) as rig:
        yield rig


async def counted(
    rig: EnvoyRig, group: str, requests: int, further: Callable[[GroupCounters], bool] = lambda _: True
) -> GroupCounters:
    """The group's counters, as soon as so many requests have ended and what is asked further holds."""
    async with asyncio.timeout(10):
        while True:
            found = (await rig.router.counters()).get(group)
            if found is not None and found.requests >= requests and further(found):
                return found
            await asyncio.sleep(0.02)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; raises TimeoutError."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.01)


async def stream(rig: EnvoyRig) -> Connection:
    """An event stream that has begun."""
    connection = await Connection.open(rig.listen)
    connection.writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(5):
        await connection.reader.readuntil(b"data: x\n\n")
    return connection


async def websocket(rig: EnvoyRig) -> Connection:
    """A WebSocket that is open."""
    connection = await Connection.open(rig.listen)
    key = base64.b64encode(os.urandom(16)).decode()
    headers = (("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", key))
    assert (await connection.send("x", "/socket", headers=headers)).status == 101
    return connection


async def ended(connection: Connection, within: float) -> None:
    """The other side ends the connection; raises TimeoutError where it does not."""
    async with asyncio.timeout(within):
        with contextlib.suppress(OSError):
            while await connection.reader.read(65_536):
                pass
    connection.close()


async def test_requests_are_spread_evenly_over_instances_one_by_one(rig: EnvoyRig) -> None:
    instances = [await rig.origin() for _ in range(3)]
    await rig.route({STABLE: tuple(instances)})
    await rig.send(300)
    assert all(70 <= len(one.received) <= 130 for one in instances)


async def test_a_share_is_exact(rig: EnvoyRig) -> None:
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 9_000, CANARY: 1_000})
    answered: Counter[str | None] = Counter()
    for part in await asyncio.gather(*(rig.send(500) for _ in range(4))):
        answered.update(part)
    deviation = (2_000 * 0.1 * 0.9) ** 0.5
    assert abs(answered["v2"] - 200) < 5 * deviation


@pytest.mark.parametrize("keep_alive", [True, False])
async def test_no_request_fails_while_weights_and_groups_change(rig: EnvoyRig, keep_alive: bool) -> None:
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable})
    async with Load(rig.listen, rate=150, keep_alive=keep_alive) as load:
        for round_ in range(4):
            for share in (100, 5_000, 10_000):
                await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 10_000 - share, CANARY: share})
            await load.reach(10)
            await rig.router.lower(PLACE, MARK)
            await rig.route({STABLE: stable, CANARY: canary}, lifted=frozenset({CANARY}))
            await load.reach(10)
            if round_ % 2:
                await rig.route({STABLE: stable})
    assert load.failures == []
    assert set(load.releases) == {"v1", "v2"}


async def test_after_lower_no_request_reaches_the_group(rig: EnvoyRig) -> None:
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 5_000, CANARY: 5_000})
    async with Load(rig.listen, rate=150) as load:
        await load.reach(50)
        await rig.router.lower(PLACE, MARK)
        lowered = load.clock
        await load.reach(100)
    assert load.failures == []
    assert {attempt.release for attempt in load.attempts if attempt.at > lowered + 0.05} == {"v1"}


async def test_counters_live_through_changes_of_instances(rig: EnvoyRig) -> None:
    instances = [await rig.origin() for _ in range(4)]
    await rig.route({STABLE: instances[0]})
    for chosen in (instances[:2], instances[1:3], instances[2:], instances):
        await rig.send(25)
        await rig.route({STABLE: tuple(chosen)})
    assert (await counted(rig, STABLE, 100)).requests == 100


async def test_no_request_fails_while_instances_come_and_go(rig: EnvoyRig) -> None:
    instances = [await rig.origin() for _ in range(4)]
    await rig.route({STABLE: instances[0]})
    events, socket = await stream(rig), await websocket(rig)
    async with Load(rig.listen, rate=150) as load:
        for chosen in (instances[:2], instances[1:], instances[:1], instances, instances[2:]) * 2:
            await rig.route({STABLE: tuple(chosen)})
            await load.reach(15)
    assert load.failures == []
    socket.writer.write(b"still")
    async with asyncio.timeout(5):
        assert await socket.reader.readexactly(5) == b"still"
        await events.reader.readuntil(b"data: x\n\n")
    events.close()
    socket.close()


async def test_one_environment_is_left_alone_when_another_changes(rig: EnvoyRig) -> None:
    stable, other = await rig.origin("v1"), EnvoyRig(rig.node.folder, rig._stack)
    other.router = rig.router
    await rig.route({STABLE: stable})
    async with Load(rig.listen, rate=100) as load:
        for number in range(3):
            group = RoutedGroup(f"h{number}", "w1", (stable.address,))
            routing = Routing("shop/beta", other.settings, (group,), Split.all_to(group.id), group.id)
            await rig.router.reconcile(routing, rig.effect())
        assert (await request(other.listen)).status == 200
        await rig.router.remove("shop/beta", rig.effect())
        await load.reach(20)
    assert load.failures == []
    with pytest.raises(OSError, match=r"refused|failed"):
        await request(other.listen)


async def test_sever_ends_streams_and_websockets_while_the_instance_lives(rig: EnvoyRig) -> None:
    stable, canary = await rig.origin("v1"), await rig.origin("v2", pause=0.0)
    await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 0, CANARY: 10_000})
    events, socket, idle = await stream(rig), await websocket(rig), await stream(rig)
    await rig.router.lower(PLACE, MARK)
    await rig.router.sever(PLACE, CANARY)
    await asyncio.gather(ended(events, 2), ended(socket, 2), ended(idle, 2))
    assert (await request(canary.address)).status == 200
    assert await rig.send(5) == {"v1": 5}


async def test_streams_live_through_lower_and_through_changes_of_others(rig: EnvoyRig) -> None:
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable, CANARY: canary})
    events, socket = await stream(rig), await websocket(rig)
    await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 5_000, CANARY: 5_000})
    await rig.router.lower(PLACE, MARK)
    await rig.router.sever(PLACE, CANARY)
    await rig.route({STABLE: stable})
    socket.writer.write(b"still")
    async with asyncio.timeout(5):
        assert await socket.reader.readexactly(5) == b"still"
        await events.reader.readuntil(b"data: x\n\n")
    events.close()
    socket.close()


async def test_a_retired_group_is_given_time_to_end_its_requests(rig: EnvoyRig) -> None:
    old, new = await rig.origin("v1", pause=0.6), await rig.origin("v2")
    await rig.route({STABLE: old})
    flying = asyncio.create_task(request(rig.listen, "/slow"))
    await until(lambda: bool(old.received))
    await rig.route({CANARY: new})
    answer = await flying
    assert (answer.status, answer.header("x-release")) == (200, "v1")


async def test_drain_ends(rig: EnvoyRig) -> None:
    old, new = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: old})
    events = await stream(rig)
    await rig.route({CANARY: new}, drain="300ms")
    await ended(events, 2)


async def test_an_instance_that_refuses_connections_costs_nothing(rig: EnvoyRig) -> None:
    alive, dead = await rig.origin(), await rig.origin()
    await rig.route({STABLE: (alive, dead)})
    await dead.stop()
    assert await rig.send(20) == {"v1": 20}
    assert (await counted(rig, STABLE, 20)).bad == 0


async def test_an_instance_that_dies_under_load_costs_at_most_what_it_had_begun(rig: EnvoyRig) -> None:
    alive, dying = await rig.origin(), await rig.origin()
    await rig.route({STABLE: (alive, dying)})
    async with Load(rig.listen, rate=200) as load:
        await load.reach(100)
        await dying.stop()
        await load.reach(100)
    assert len(load.failures) <= 2


async def test_a_post_that_may_have_arrived_is_not_repeated(rig: EnvoyRig) -> None:
    origin, other = await rig.origin(), await rig.origin()
    await rig.route({STABLE: (origin, other)})
    assert (await request(rig.listen, "/cut", method="POST", body=b"pay")).status == 503
    assert len(origin.received) + len(other.received) == 1


Behaviour = Callable[[EnvoyRig, Origin], Awaitable[object]]


async def answered_500(rig: EnvoyRig, origin: Origin) -> None:
    origin.status = 500
    assert (await request(rig.listen)).status == 500


async def answered_404(rig: EnvoyRig, origin: Origin) -> None:
    origin.status = 404
    assert (await request(rig.listen)).status == 404


async def never_answered(rig: EnvoyRig, origin: Origin) -> None:
    assert (await request(rig.listen, "/cut")).status == 503


async def torn(rig: EnvoyRig, origin: Origin) -> None:
    with pytest.raises(TrafficError):
        await request(rig.listen, "/torn")


async def nobody_there(rig: EnvoyRig, origin: Origin) -> None:
    await origin.stop()
    assert (await request(rig.listen)).status == 503


async def too_late(rig: EnvoyRig, origin: Origin) -> None:
    await rig.route({STABLE: origin}, timeout="200ms")
    assert (await request(rig.listen, "/slow")).status == 504


async def too_late_in_the_middle(rig: EnvoyRig, origin: Origin) -> None:
    await rig.route({STABLE: origin}, timeout="200ms")
    with pytest.raises(TrafficError):
        await request(rig.listen, "/stream")


async def client_left_the_stream(rig: EnvoyRig, origin: Origin) -> None:
    (await stream(rig)).close()


async def websocket_ended_by_its_server(rig: EnvoyRig, origin: Origin) -> None:
    socket = await websocket(rig)
    socket.writer.write(b"bye")
    await socket.reader.readexactly(3)
    await origin.stop()
    await ended(socket, 5)


@pytest.mark.parametrize(
    ("behaviour", "bad"),
    [
        (answered_500, 1),
        (answered_404, 0),
        (never_answered, 1),
        (torn, 1),
        (nobody_there, 1),
        (too_late, 1),
        (too_late_in_the_middle, 1),
        (client_left_the_stream, 0),
        (websocket_ended_by_its_server, 0),
    ],
)
async def test_each_request_is_counted_once_as_the_client_saw_it(
    rig: EnvoyRig, behaviour: Behaviour, bad: int
) -> None:
    origin = await rig.origin()
    await rig.route({STABLE: origin})
    await behaviour(rig, origin)
    found = await counted(rig, STABLE, 1, lambda one: one.bad >= bad)
    assert (found.requests, found.bad) == (1, bad)


async def test_a_client_that_leaves_before_the_answer_is_not_counted(rig: EnvoyRig) -> None:
    origin = await rig.origin()
    await rig.route({STABLE: origin})
    connection = await Connection.open(rig.listen)
    connection.writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    await until(lambda: bool(origin.received))
    connection.close()
    await rig.send(3)
    found = await counted(rig, STABLE, 3)
    assert (found.requests, found.bad) == (3, 0)


async def test_latency_is_kept_as_cumulative_counts(rig: EnvoyRig) -> None:
    origin = await rig.origin(pause=0.3)
    await rig.route({STABLE: origin})
    await rig.send(8)
    for _ in range(2):
        await request(rig.listen, "/slow")
    await counted(rig, STABLE, 10)
    found = await counted(
        rig, STABLE, 10, lambda one: one.latency is not None and one.latency.counts[-1] == 10
    )
    histogram = found.latency
    assert histogram is not None
    below = dict(zip(histogram.bounds, histogram.counts, strict=True))
    assert list(histogram.counts) == sorted(histogram.counts)
    assert (histogram.bounds[0], histogram.bounds[-1]) == (1.0, 60_000.0)
    assert below[270.0] == 8
    assert below[60_000.0] == 10


async def test_prometheus_labels_tell_group_and_release_as_they_are(rig: EnvoyRig) -> None:
    await rig.route({STABLE: await rig.origin("v1.2+build_3-x")})
    await rig.send(3)
    await counted(rig, STABLE, 3)
    text = await rig.router._process.admin.get("/stats/prometheus")
    wanted = {"rollway_group": STABLE, "rollway_release": "v1.2+build_3-x"}
    samples = [
        sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if wanted.items() <= sample.labels.items()
    ]
    classes = {
        one.labels["envoy_response_code_class"]: one.value
        for one in samples
        if "envoy_response_code_class" in one.labels
    }
    assert classes == {"2": 3.0}
    assert any(one.name == "envoy_cluster_upstream_rq_time_bucket" for one in samples)


async def test_the_account_of_a_mark_is_kept(rig: EnvoyRig) -> None:
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 5_000, CANARY: 5_000})
    await rig.router.lower(PLACE, MARK)
    await rig.router.lower(PLACE, Mark(CANARY, "another", "later"))
    assert (await rig.router.observe(PLACE)).marks == (MARK,)


async def test_wrong_settings_are_named(rig: EnvoyRig) -> None:
    for settings, name in (({"listen": "nowhere"}, "router.listen"), ({"lisen": 1}, "router.lisen")):
        with pytest.raises(PluginError, match=name):
            await rig.router.reconcile(Routing(PLACE, settings), Effect("k", Token(1, 1)))


async def test_an_instance_needs_an_ip_address(rig: EnvoyRig) -> None:
    named = RoutedGroup(STABLE, "v1", (Address("example.test", 80),))
    with pytest.raises(PluginError, match="not an IP address"):
        await rig.router.reconcile(Routing(PLACE, rig.settings, (named,)), Effect("k", Token(1, 1)))
    assert (await rig.router.observe(PLACE)).token is None
