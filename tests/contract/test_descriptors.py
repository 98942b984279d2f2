"""Every plugin introduces itself, and checks what it needs, by the same rules."""

from collections.abc import Mapping
from typing import Any

import pytest

from rollway.api import Descriptor
from rollway.plugin.loading import load
from rollway.testing.contracts.descriptor import DescriptorContract

BUILT_IN = {" ".join(name): each.descriptor for name, each in load().loaded.items()}
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "target process": {"command": "sh -c true"},
    "router envoy": {"listen": "127.0.0.1:8080"},
    "strategy canary": {"steps": [{"weight": "5%", "hold": "1s"}]},
}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
class TestBuiltIn(DescriptorContract):
    @pytest.fixture
    def descriptor(self, name: str) -> Descriptor[Any]:
        return BUILT_IN[name]

    @pytest.fixture
    def settings(self, name: str) -> Mapping[str, object]:
        return SETTINGS.get(name, {})
