"""How an Envoy is started, as values."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rollway_plugins.envoy.launch import Launch, base_id
from rollway_plugins.envoy.sockets import LONGEST


@given(st.text(min_size=1, max_size=40, alphabet=st.characters(codec="utf-8", exclude_characters="\0")))
def test_ten_times_the_base_id_is_an_int_and_its_sockets_have_room(name: str) -> None:
    ten_times = base_id(Path(name)) * 10
    assert ten_times + 9 < 2**31
    assert LONGEST + len(f"/hot_udp_parent_{ten_times}") < 108


def test_each_epoch_has_its_own_admin_and_bootstrap_and_one_pair_of_sockets() -> None:
    first, second = (Launch(Path("/envoy"), "here", Path("/node"), Path("/node"), epoch) for epoch in (0, 1))
    assert (first.admin, second.admin) == (Path("/node/admin.sock"), Path("/node/admin-1.sock"))
    assert first.document_path != second.document_path
