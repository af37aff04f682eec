"""How often the hub looks whether a server has started."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from jupyterhub import utils  # type: ignore[import-untyped]

from tests.unit.hub import hub_config, make_values

SECONDS = 60


@pytest.fixture
def hub() -> Iterator[None]:
    """A hub that has run what our values give it."""
    before = utils.exponential_backoff.__defaults__
    hub_config(make_values())
    yield
    utils.exponential_backoff.__defaults__ = before


@pytest.mark.usefixtures("hub")
def test_a_start_is_noticed_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(utils.random, "uniform", lambda _, most: most)
    wait = utils.exponential_backoff(lambda: sum(waits) > SECONDS, "too late", timeout=2 * SECONDS)
    asyncio.run(wait)
    assert max(waits) == 1
    assert waits[0] < 1 / 2, "what starts at once is noticed at once"
