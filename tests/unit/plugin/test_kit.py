"""The test kit's public names."""

import subprocess
import sys

import pytest

import rollway.testing


@pytest.mark.parametrize("name", rollway.testing.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(rollway.testing, name).__name__ == name


def test_what_is_not_there_says_so() -> None:
    with pytest.raises(AttributeError, match="FakeBuilder"):
        getattr(rollway.testing, "FakeBuilder")  # noqa: B009


def test_fakes_need_no_pytest() -> None:
    program = "import sys; from rollway.testing import FakeRouter, FakeTarget, FakeMonitor; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
