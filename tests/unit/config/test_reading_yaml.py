"""Reading YAML: what it means, where it stands, and what hostile files cannot do."""

import os
from pathlib import Path

import pytest

from rollway.config import Json
from rollway.config.reader import read, read_text
from rollway.errors import ConfigurationError


def value(text: str) -> Json:
    return read_text(text, "deploy.yaml")[0]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("on: [failed]", {"on": ["failed"]}),
        ("%YAML 1.1\n---\non: yes", {"on": "yes"}),
        ("[yes, no, on, off, y, n]", ["yes", "no", "on", "off", "y", "n"]),
        ("[true, False, TRUE]", [True, False, True]),
        (
            "[12:30, 1_000, 2026-01-01, 0777, .nan, .inf]",
            ["12:30", "1_000", "2026-01-01", 777, ".nan", ".inf"],
        ),
        ("[1, -2, 0x1F, 0o17, 1.5, 1e3, .5]", [1, -2, 31, 15, 1.5, 1000.0, 0.5]),
        ("[~, null, '', \"5\", !!str 5]", [None, None, "", "5", "5"]),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3", {"a": {"b": 1, "c": 2}, "d": {"c": 3, "b": 1}}),
        ("[python smoke.py http://{instance}, x]", ["python smoke.py http://{instance}", "x"]),
        (
            "{run: serve --at {address} --id {instance_id} -v}",
            {"run": "serve --at {address} --id {instance_id} -v"},
        ),
        ("[{port}]", [{"port": None}]),
        ("\ufeffa: 1", {"a": 1}),
        ("a: größe", {"a": "größe"}),
    ],
)
def test_plain_values_follow_yaml_1_2(tmp_path: Path, text: str, meaning: Json) -> None:
    (tmp_path / "f").write_text(text, encoding="utf-8")
    assert read(tmp_path / "f")[0] == meaning


def test_every_entry_knows_its_place() -> None:
    _, places, _ = read_text("a:\n  - b: 1\n    c:   2\n", "f")
    assert places.find(("a", 0, "c"), at_key=True) == (3, 5)
    assert places.find(("a", 0, "c"), at_key=False) == (3, 10)
    assert places.find(("a", 0, "missing"), at_key=False) == (2, 5)


def test_a_key_that_stands_twice_is_named_with_both_lines() -> None:
    _, _, problems = read_text("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "f")
    assert [str(each) for each in problems] == [
        "f:5:3: b.c: this key stands twice, first on line 3; remove one of them"
    ]


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{index}: &a{index} [{','.join([f'*a{index - 1}'] * 9)}]\n" for index in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("# nothing\n", "the file is empty"),
        ("a: 1\n---\nb: 2\n", "deploy.yaml:2:1: a second document"),
        ("a:\n\tb: 1\n", "deploy.yaml:2:1: a tab cannot stand here"),
        ("a: b: c", "deploy.yaml:1:5: not valid YAML: a value with ': ' in it needs quotes"),
        ("a: [1", "not valid YAML"),
        ('a: "x', "not valid YAML"),
        ("a: *nobody", "the alias *nobody has no anchor &nobody before it"),
        ("a: &a [*a]", "stands inside its own anchor"),
        ("a: !!python/object/apply:os.system [id]", "is not allowed; only plain YAML is"),
        ("a: !secret x", "the tag !secret is not allowed"),
        ("a\0b", "deploy.yaml:1:2: the character U+0000 is not allowed"),
        (BOMB, "more than 20000 entries"),
        ("[" * 5_000, "nested more than 50 levels deep"),
        ("- " * 5_000, "nested more than 50 levels deep"),
        ("\n".join(f"k{index}: v" for index in range(21_000)), "more than 20000 entries"),
    ],
)
def test_what_is_no_document_is_said_once(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_text(text, "deploy.yaml")
    assert len(caught.value.problems) == 1
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["1: a", "null: a", "true: a", "[a]: b", "? {a: b}\n: c"])
def test_keys_are_text(text: str) -> None:
    assert "a key must be text" in str(read_text(text, "f")[2][0])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin1").write_bytes("a: 1\nb: größe\n".encode("latin-1"))
    (tmp_path / "large").write_bytes(b"# " + b"x" * (10 << 20))
    os.mkfifo(tmp_path / "pipe")
    said = {
        "": "this is a folder; name the file",
        "missing": "no such file; `-f FILE` names another",
        "latin1": "latin1:2:6: not UTF-8 text",
        "large": "larger than 1 MiB",
        "pipe": "not a regular file",
        "nul\0": "not the name of a file",
        "latin1/x": "cannot be read: not a directory",
    }
    for name, sentence in said.items():
        with pytest.raises(ConfigurationError) as caught:
            read(tmp_path / name)
        assert sentence in str(caught.value)
