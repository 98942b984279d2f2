"""`${NAME}` in values: what it becomes, and what it can never become."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.config import Json, Places
from rollway.config.reader import read_text
from rollway.config.substitution import Substitution
from tests.unit.config.documents import SMALL, complaints, loaded
from tests.unit.config.plugins import Process


def filled(value: Json, environ: dict[str, str]) -> Json:
    substitution = Substitution(environ, Places())
    found = substitution.fill(value)
    assert substitution.problems == []
    return found


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("${A}", "1"),
        ("x${A}y${A}", "x1y1"),
        ("${B:-two}", "two"),
        ("${B:-}", ""),
        ("${EMPTY}", ""),
        ("${EMPTY:-x}", "x"),
        ("${A:-two}", "1"),
        ("$${A}", "${A}"),
        ("$A {A} $", "$A {A} $"),
        ("${NESTED}", "${A}"),
    ],
)
def test_what_it_becomes(text: str, becomes: str) -> None:
    assert filled([text], {"A": "1", "EMPTY": "", "NESTED": "${A}"}) == [becomes]


def test_what_is_missing_or_no_variable_is_named_with_its_place(tmp_path: Path) -> None:
    text = SMALL.replace("python app.py", '"${CMD} ${1X}"')
    assert complaints(tmp_path, text, {"OTHER": ""}) == [
        "deploy.yaml:5:37: environments.prod.target.command: the environment variable CMD is not set; set it, or write ${CMD:-default}",
        "deploy.yaml:5:37: environments.prod.target.command: not a variable; write ${NAME} or ${NAME:-default}, or $${ to keep a '${'",
    ]


def test_text_that_is_a_number_will_do_where_one_is_expected(tmp_path: Path) -> None:
    text = SMALL.replace("python app.py}", "python app.py, instances: '${N}'}").replace("5%", "'${W}'")
    deployment = loaded(tmp_path, text, {"N": "3", "W": "7"})
    target = deployment.environments["prod"].target
    assert isinstance(target.model, Process)
    assert target.model.instances == 3
    assert target.settings["instances"] == "3"


def test_an_undecodable_variable_is_refused(tmp_path: Path) -> None:
    text = SMALL.replace("python app.py", "'${CMD}'")
    assert "CMD is not text in UTF-8" in complaints(tmp_path, text, {"CMD": "a\udc80"})[0]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_value_cannot_change_the_structure(value: str) -> None:
    document = read_text("a: ${X}\nb: [1, 'y${X}']\n", "f")[0]
    assert filled(document, {"X": value}) == {"a": value, "b": [1, f"y{value}"]}
