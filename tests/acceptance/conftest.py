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
