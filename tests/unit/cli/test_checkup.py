"""What `rollway doctor` prints of what was found, on terminals of any width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.cli.checkup import lines, summary
from rollway.domain.findings import Finding, Grade, problem, warning

FOUND = [
    Finding("python", "CPython 3.11.7", part="machine"),
    Finding("disk", "12 MiB free of 40 GiB for /var/lib/rollway", Grade.PROBLEM, "make room", "machine"),
    Finding("clock", "it is behind", Grade.WARNING, "set it: timedatectl set-ntp true", "machine"),
    Finding("target process", "starts processes", part="plugins"),
]


def shown(found: list[Finding], width: int) -> list[str]:
    return [line.plain.rstrip() for line in lines(found, width)]


def test_a_line_for_each_under_what_it_belongs_to() -> None:
    assert shown(FOUND, 80) == [
        "machine",
        "  ok       python          CPython 3.11.7",
        "  problem  disk            12 MiB free of 40 GiB for /var/lib/rollway",
        "                           -> make room",
        "  warning  clock           it is behind",
        "                           -> set it: timedatectl set-ntp true",
        "plugins",
        "  ok       target process  starts processes",
    ]


def test_on_a_narrow_terminal_what_is_said_goes_below() -> None:
    assert shown(FOUND[1:2], 44) == [
        "machine",
        "  problem  disk",
        "    12 MiB free of 40 GiB for",
        "    /var/lib/rollway",
        "    -> make room",
    ]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], "nothing is wrong"),
        ([Finding("a", "b")], "nothing is wrong"),
        ([warning("a", "b")], "1 warning: a"),
        ([problem("a", "b"), problem("a", "c"), warning("d", "b")], "2 problems: a; 1 warning: d"),
        ([problem("a", "b"), problem("c", "d")], "2 problems: a, c"),
    ],
)
def test_how_much_there_is_to_do(found: list[Finding], said: str) -> None:
    assert summary(found) == said


@given(
    st.lists(
        st.builds(
            Finding, st.text(max_size=30), st.text(max_size=200), st.sampled_from(Grade), st.text(max_size=90)
        )
    ),
    st.integers(1, 200),
)
def test_nothing_steers_the_terminal_and_nothing_is_lost(found: list[Finding], width: int) -> None:
    text = "\n".join(shown(found, width))
    assert "\x1b" not in text
    for each in found:
        for word in f"{each.said} {each.advice}".split():
            if word.isascii() and word.isprintable():
                assert word in text
