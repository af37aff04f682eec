"""Gateways in a sandbox that run the unchanged program with the real engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.lifecycle import cases
from tests.stack import Gateway

PUBLISHED = {
    name: f"registry.test/{name}@sha256:{'0' * 64}" for name in ("pyaos", "idv-cave", "hawkeye", "metview")
}
"""Images that nobody pulls: kwok's nodes run no containers."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the cases of the life cycle."""
    cases.show(terminalreporter)


@pytest.fixture(scope="module")
def new_gateway(
    sandbox_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Gateway]]:
    """Makes gateways with the sandbox stack's settings; what is left of them is destroyed at the end."""
    made: list[Gateway] = []

    def new(name: str) -> Gateway:
        gateway = Gateway.laid_out(name, tmp_path_factory.mktemp(name), sandbox_env)
        # Only test_images.py builds them.
        gateway.change(lambda config: config.update({"gateway:images": {"published": PUBLISHED}}))
        gateway.pulumi("stack", "init")
        made.append(gateway)
        return gateway

    yield new
    for gateway in made:
        gateway.run("pulumi", "cancel", "--yes", "--stack", gateway.name)
        if gateway.resources():
            gateway.pulumi("destroy", "--yes", "--skip-preview")
