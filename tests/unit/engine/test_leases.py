"""Who should hold which lease: what one daemon does next, and where all of them together come to rest."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rollway.engine.leases import Moves, in_words, moves
from rollway.engine.ownership import ANYWHERE, lease_of, node_lease
from rollway.store import Member, Roll

NODES = ("web-1", "web-2")


def member(id_: str, node: str = "web-1") -> Member:
    return Member(id_, node, f"http://{id_}", "1.0")


A, B, C = member("a"), member("b"), member("c", "web-2")


def test_the_first_daemon_takes_everything_that_is_nobodys() -> None:
    next_ = moves(Roll((A,)), A, {"a"})
    assert next_ == Moves(dict.fromkeys((node_lease("web-1"), *ANYWHERE)))


def test_a_second_one_gets_nothing_until_the_first_has_dropped_its_excess() -> None:
    held = dict.fromkeys((node_lease("web-1"), *ANYWHERE), "a")
    roll = Roll((A, C), held)
    assert moves(roll, C, {"a", "c"}) == Moves({node_lease("web-2"): None})
    assert moves(roll, A, {"a", "c"}) == Moves(drop=frozenset(ANYWHERE[16:]))


def test_a_nodes_lease_stays_with_the_daemon_that_has_it() -> None:
    roll = Roll((A, B), {node_lease("web-1"): "a"})
    assert node_lease("web-1") not in moves(roll, B, {"a", "b"}).take
    assert moves(roll, B, {"b"}).take[node_lease("web-1")] == "a", "taken from the dead, by name"


def test_what_a_daemon_held_that_is_struck_off_is_free() -> None:
    roll = Roll((B,), dict.fromkeys(ANYWHERE, "a"))
    assert moves(roll, B, {"b"}).take == {node_lease("web-1"): None} | dict.fromkeys(ANYWHERE, "a")


def test_an_environment_belongs_to_its_node_or_to_one_shard_for_ever() -> None:
    assert lease_of("shop/prod", "web-1") == "node/web-1"
    assert lease_of("shop/prod", "") == "any/03"
    assert {lease_of(f"shop-{n}/prod", "") for n in range(1000)} == set(ANYWHERE)


def test_what_is_held_is_said_in_few_words() -> None:
    assert in_words([node_lease("web-1"), *ANYWHERE[:16]]) == "node/web-1 and 16 of 32 shares"
    assert in_words(ANYWHERE) == "32 of 32 shares"
    assert in_words([node_lease("web-1")]) == "node/web-1"


@st.composite
def rolls(draw: st.DrawFn) -> tuple[Roll, list[Member]]:
    everybody = [member(id_, draw(st.sampled_from(NODES))) for id_ in "abcde"]
    alive = draw(st.lists(st.sampled_from(everybody), min_size=1, unique=True))
    leases = {lease: draw(st.sampled_from([*"abcde", None])) for lease in ANYWHERE}
    for node in NODES:
        there = [each.id for each in everybody if each.node == node]
        leases[node_lease(node)] = draw(st.sampled_from([*there, None]))
    return Roll(tuple(everybody), {lease: who for lease, who in leases.items() if who}), alive


def carried_out(roll: Roll, me: Member, next_: Moves) -> Roll:
    leases = {lease: who for lease, who in roll.leases.items() if lease not in next_.drop}
    return Roll(roll.members, leases | dict.fromkeys(next_.take, me.id))


def share(roll: Roll, me: Member) -> int:
    return sum(roll.leases.get(lease) == me.id for lease in ANYWHERE)


def rounds(roll: Roll, alive: Sequence[Member], times: int) -> Roll:
    for _ in range(times):
        for me in alive:
            roll = carried_out(roll, me, moves(roll, me, {each.id for each in alive}))
    return roll


@given(rolls())
def test_nothing_is_taken_from_the_living_and_only_ones_own_is_dropped(
    drawn: tuple[Roll, list[Member]],
) -> None:
    roll, alive = drawn
    for me in alive:
        next_ = moves(roll, me, {each.id for each in alive})
        assert not {roll.leases.get(lease) for lease in next_.take} & {each.id for each in alive}
        assert all(roll.leases[lease] == me.id for lease in next_.drop)
        assert next_.take == {lease: roll.leases.get(lease) for lease in next_.take}


@given(rolls())
def test_two_rounds_later_everything_is_held_by_the_living_in_equal_shares(
    drawn: tuple[Roll, list[Member]],
) -> None:
    roll, alive = drawn
    settled = rounds(roll, alive, 2)
    assert {settled.leases.get(lease) for lease in ANYWHERE} <= {each.id for each in alive}
    most = -(-len(ANYWHERE) // len(alive))
    assert all(share(settled, me) <= most for me in alive)
    for node in {each.node for each in alive}:
        assert settled.leases[node_lease(node)] in {each.id for each in alive if each.node == node}
    assert rounds(settled, alive, 1) == settled
