from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site whose daemon runs and whose application is registered."""
    here = Site(tmp_path)
    try:
        here.start()
        here.apply()
        yield here
    finally:
        here.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Site]:
    """A site whose daemon does not run yet."""
    here = Site(tmp_path)
    try:
        yield here
    finally:
        here.close()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that nothing is ever deployed to: it is shared by those that must be refused."""
    here = Site(tmp_path_factory.mktemp("standing"))
    try:
        here.start()
        here.apply()
        yield here
    finally:
        here.close()
