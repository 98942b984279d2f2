"""Every strategy is a compiler that keeps to the same rules, whatever its settings."""

from collections.abc import Mapping

import pytest

from rollway.api import StrategyDescriptor
from rollway.testing.contracts.strategy import StrategyContract
from rollway_strategies.all_at_once import all_at_once
from rollway_strategies.canary import canary


class TestCanary(StrategyContract):
    @pytest.fixture
    def descriptor(self) -> StrategyDescriptor:
        return canary

    @pytest.fixture(
        params=[
            [
                {"weight": "5%", "hold": "1m"},
                {"weight": "25%", "hold": "5m"},
                {"weight": "50%", "hold": "10m"},
            ],
            [{"weight": "0.01%", "hold": "1s"}],
            [{"weight": "100%", "hold": "1m"}],
            [{"weight": "10%"}, {"hold": "1m"}],
            [{"weight": "33.33%", "hold": "1m"}, {"weight": "66.67%"}],
        ],
        ids=["three", "tiny", "all", "apart", "odd"],
    )
    def settings(self, request: pytest.FixtureRequest) -> Mapping[str, object]:
        return {"steps": request.param}


class TestAllAtOnce(StrategyContract):
    @pytest.fixture
    def descriptor(self) -> StrategyDescriptor:
        return all_at_once

    @pytest.fixture(params=[{}, {"hold": "10m"}, {"hold": 0}], ids=["plain", "long", "unheld"])
    def settings(self, request: pytest.FixtureRequest) -> Mapping[str, object]:
        settings: Mapping[str, object] = request.param
        return settings
