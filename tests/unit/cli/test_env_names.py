"""What ENV names: by itself, by --application, by the file here, by what the daemon knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollway.cli.exits import UsageError
from rollway.cli.local import Names, names
from rollway.cli.naming import Place, only, said
from rollway.errors import NotFoundError

HERE = Names("shop", ("beta", "prod"))


@pytest.mark.parametrize(
    ("env", "application", "local", "place"),
    [
        ("cart/prod", None, HERE, "cart/prod"),
        ("cart/prod", "cart", HERE, "cart/prod"),
        ("prod", None, HERE, "shop/prod"),
        ("prod", "cart", HERE, "cart/prod"),
        ("live", None, HERE, None),
        ("prod", None, None, None),
    ],
)
def test_what_names_an_environment(
    env: str, application: str | None, local: Names | None, place: str | None
) -> None:
    found = said(env, application, local)
    assert (str(found) if found else None) == place


@pytest.mark.parametrize(
    ("env", "application"), [("/prod", None), ("shop/", None), ("a/b/c", None), ("shop/prod", "cart")]
)
def test_what_names_none_or_two(env: str, application: str | None) -> None:
    with pytest.raises(UsageError):
        said(env, application, None)


def test_the_only_application_that_has_it() -> None:
    shop, cart, beta = Place("shop", "prod"), Place("cart", "prod"), Place("cart", "beta")
    assert only("beta", [shop, cart, beta]) == beta
    with pytest.raises(UsageError, match="cart/prod, shop/prod"):
        only("prod", [shop, cart, beta])
    with pytest.raises(NotFoundError) as missing:
        only("live", [shop, beta])
    assert missing.value.advice == "there are: cart/beta, shop/prod"
    with pytest.raises(NotFoundError):
        only("live", [])


def test_a_broken_file_does_not_stand_in_the_way(tmp_path: Path) -> None:
    file = tmp_path / "deploy.yaml"
    assert names(file) is None
    for text in ("a: [", "- 1", "application: [x]", "\x00"):
        file.write_text(text, "utf-8")
        assert names(file) is None
    file.write_text("application: shop\nenvironments: {prod: {}}\nnonsense: true", "utf-8")
    assert names(file) == Names("shop", ("prod",))
