"""What every descriptor keeps to, whatever its kind. Inherit `DescriptorContract` and give it the fixture `descriptor`."""
# ruff: noqa: D102 - what a test is about stands in its name

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from rollway.domain.findings import Finding, Grade
from rollway.plugin.descriptor import Descriptor
from rollway.plugin.kinds import Node

DEADLINE = 8.0
"""Seconds in which a check ends."""


class DescriptorContract:
    """The promises of `Descriptor`, among them those of its `check` where it has one."""

    @pytest.fixture
    def descriptor(self) -> Descriptor[Any]:
        """Give the descriptor under test."""
        raise NotImplementedError

    @pytest.fixture
    def settings(self) -> Mapping[str, object] | None:
        """Give valid settings, as they stand beside `use:`; None where there are none that every machine takes."""
        return {}

    def test_its_name_may_stand_behind_use(self, descriptor: Descriptor[Any]) -> None:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,38}", descriptor.name)

    def test_it_says_in_a_line_what_it_is(self, descriptor: Descriptor[Any]) -> None:
        assert descriptor.summary
        assert "\n" not in descriptor.summary

    def test_its_settings_have_a_schema(self, descriptor: Descriptor[Any]) -> None:
        assert descriptor.settings.model_json_schema()

    async def test_a_check_says_what_is_wrong_and_what_to_do(
        self, descriptor: Descriptor[Any], settings: Mapping[str, object] | None, tmp_path: Path
    ) -> None:
        uses = [] if settings is None else [descriptor.settings.model_validate(settings)]
        for finding in await _checked(descriptor, tmp_path, uses):
            assert isinstance(finding, Finding)
            assert finding.said.strip()
            assert "\n" not in finding.said
            assert finding.advice or finding.grade is Grade.OK

    async def test_a_check_takes_a_plugin_that_nobody_uses_and_a_folder_that_is_not_there(
        self, descriptor: Descriptor[Any], tmp_path: Path
    ) -> None:
        await _checked(descriptor, tmp_path / "not" / "there", [])
        assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == [], "a check changes nothing"


async def _checked(descriptor: Descriptor[Any], folder: Path, uses: Sequence[BaseModel]) -> Sequence[Finding]:
    if descriptor.check is None:
        return []
    async with asyncio.timeout(DEADLINE):
        return await descriptor.check(Node("here", folder), uses)
