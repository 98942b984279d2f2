"""The pages: the reference says what the program is, and no link leads nowhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate import PAGES

ROOT = Path(__file__).parents[3]
WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_what_the_models_say(name: str) -> None:
    kept = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert kept == PAGES[name](), "the models have changed: run `make docs` and commit what it writes"


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        target = (page.parent / path) if path else page
        assert target.exists(), f"{page.name}: there is no {path}"
        assert not anchor or anchor in set(anchors(target)), f"{page.name}: {path or 'it'} has no #{anchor}"


def anchors(page: Path) -> Iterator[str]:
    """The headings of a page as GitHub names them in addresses."""
    for heading in re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
