"""What a gateway used and what is left: `make cost`, and the accounting at every preview."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import pytest

from sandbox.tests.magnum import eventually
from tests.lifecycle.lifecycle import destroy, preflight, without_seats
from tests.lifecycle.test_node_groups import nodes, workshop
from tests.stack import Gateway

LEFT = re.compile(
    r"allocation: (199,\d{3}|200,000) of 200,000 SU of jetstream2\.indiana\.xsede\.org are left until \d{4}-"
)
LONG_S = 120
"""Until a node has used 0.1 SU, and the command has been run."""


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway]) -> Gateway:
    """A gateway without a seat, whose users' group has one node."""
    return without_seats(new_gateway("cost"))


def told(gateway: Gateway) -> str:
    """What `make cost` says."""
    return gateway.run(sys.executable, "-m", "components.cost", gateway.name).stdout


def used(gateway: Gateway) -> dict[str, float]:
    """SU by cause, of all days."""
    lines = [re.split(r"\s*[┃│]\s*", line.strip()) for line in told(gateway).splitlines()]
    head = next(line for line in lines if "floor" in line)
    foot = next(line for line in lines if "total" in line and "floor" not in line)
    return {
        cause: float(figure) for cause, figure in zip(head, foot, strict=True) if cause not in ("", "day")
    }


def test_every_preview_says_what_is_left(gateway: Gateway, cloud_fault: Callable[..., None]) -> None:
    _, said = preflight(gateway)
    assert LEFT.search(said)
    gateway.change(lambda config: config.update({"gateway:budget": 1_000_000}))
    _, said = preflight(gateway)
    assert re.search(r"warning: gateway:budget: must be at most (199\d{3}|200000) for this month", said)
    cloud_fault("accounting", "--status", "503")
    _, said = preflight(gateway)
    assert re.search(r"warning: the cloud's accounting at http://\S+ gives no usable answer \(.*503", said)
    assert not LEFT.search(said)


def test_use_is_told_by_cause_and_outlives_the_gateway(gateway: Gateway) -> None:
    before = used(gateway)
    assert before["floor"] == before["total"] > 0
    workshop(gateway, "apply")
    eventually(lambda: used(gateway)["users"] > 0, timeout_s=LONG_S)
    assert used(gateway)["seats"] == 0
    workshop(gateway, "delete")
    eventually(lambda: len(nodes(gateway)) == 1)

    gateway.change(lambda config: config.update({"gateway:seats": 2}))
    gateway.up()
    eventually(lambda: used(gateway)["seats"] > 0, timeout_s=LONG_S)
    text = told(gateway)
    assert LEFT.search(text)
    assert re.search(r" so far: \d+\.\d SU; [\d,]+ at its end with the 24 an hour that run now", text)

    all_of_it = used(gateway)
    destroy(gateway)
    after = used(gateway)
    assert min(all_of_it.values()) > 0, all_of_it
    assert {cause: max(figure, all_of_it[cause]) for cause, figure in after.items()} == after
    assert "0 an hour that run now" in told(gateway)
