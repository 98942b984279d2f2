from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.api import StaleToken, Token
from rollway_plugins.process.tokens import Tokens

tokens = st.builds(Token, st.integers(0, 3), st.integers(0, 5))


@given(st.lists(tokens, max_size=12))
def test_the_last_seen_never_goes_down(
    tmp_path_factory: pytest.TempPathFactory, arriving: list[Token]
) -> None:
    kept = tmp_path_factory.mktemp("tokens")
    last: Token | None = None
    for token in arriving:
        refused = last is not None and token < last
        with pytest.raises(StaleToken) if refused else nullcontext():
            Tokens(kept).check("shop/prod", token)
        last = token if last is None else max(last, token)


def test_environments_have_their_own(tmp_path: Path) -> None:
    Tokens(tmp_path).check("shop/prod", Token(9, 9))
    Tokens(tmp_path).check("shop/beta", Token(1, 1))


def test_an_act_that_took_its_time_is_refused_by_a_new_epoch_only(tmp_path: Path) -> None:
    kept = Tokens(tmp_path)
    kept.check("shop/prod", Token(1, 5))
    with kept.held("shop/prod", Token(1, 4)):
        pass
    kept.check("shop/prod", Token(2, 0))
    with pytest.raises(StaleToken), kept.held("shop/prod", Token(1, 6)):
        pytest.fail("it must not begin")


def test_a_file_that_is_not_whole_is_no_token(tmp_path: Path) -> None:
    kept = Tokens(tmp_path)
    kept.check("shop/prod", Token(1, 5))
    (tmp_path / "shop.prod").write_bytes(b"")
    kept.check("shop/prod", Token(1, 1))
