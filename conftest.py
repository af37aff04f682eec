"""What the tests in tests/ share with those beside the sandbox: one sandbox, and the order of the files."""

from __future__ import annotations

import pytest

pytest_plugins = ["sandbox.tests.fixtures"]

LONGEST_FIRST = (
    "test_replace",
    "test_killed",
    "test_homes",
    "test_faults",
    "test_drift",
    "test_interruptions",
    "test_teardown",
    "test_node_groups",
    "test_owner",
    "test_state",
    "test_gateway",
    "test_life",
)
"""Files that take minutes, so that a worker does not begin one when the others are about to end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first."""
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))
