"""`make cost`, as an operator reads it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer
from openstack.exceptions import ForbiddenException
from typer.testing import CliRunner, Result

from components.cost import __main__ as command
from components.cost.allocation import Allocation
from components.cost.usage import Server
from components.settings.errors import Mistake
from components.settings.load import Loaded
from components.stack import Update
from tests.unit.cloud import flavor, thing
from tests.unit.conftest import stack_config
from tests.unit.hub import make_settings
from tests.unit.test_allocation import ANSWER, TODAY

NOW = datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(days=2)
"""Midnight of 3 March 2027: the month has 48 hours behind it, and 29 days before it."""


class Clock(datetime):
    """It is always NOW."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return NOW


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command on a gateway with these servers and settings."""
    told: dict[str, Any] = {}
    flavors = [flavor("m3.quad", 4, 15), flavor("m3.medium", 8, 30)]
    app = typer.Typer()
    app.command()(command.main)

    def make(
        *servers: Server,
        history: tuple[Update, ...] = (),
        words: str = "dev",
        budget: int = 0,
        **changes: Any,
    ) -> Result:
        settings = make_settings(**changes).model_copy(update={"budget": budget})
        told.update(servers=list(servers), history=list(history), settings=settings)
        return CliRunner().invoke(app, words)

    def loaded() -> Loaded:
        return Loaded(settings=told["settings"], secrets={}, cloud=thing(), mistakes=())  # type: ignore[arg-type]

    monkeypatch.setattr(command, "datetime", Clock)
    monkeypatch.setattr(command, "read", lambda _: {})
    monkeypatch.setattr(command, "load", loaded)
    monkeypatch.setattr(command, "reach", lambda _: thing(compute=thing(flavors=lambda **_: flavors)))
    monkeypatch.setattr(command, "updates", lambda *_: told["history"])
    monkeypatch.setattr(command, "servers", lambda *_: told["servers"])
    monkeypatch.setattr(command, "allocations", lambda _: [Allocation.model_validate(ANSWER)])
    return make


def server(machine: str, of: str = "m3.medium", hours: float = 48, ended: float | None = None) -> Server:
    """A server that started so many hours ago, and ended `ended` hours ago."""
    gone = None if ended is None else NOW - timedelta(hours=ended)
    return Server(machine=f"{machine}-1", flavor=of, started=NOW - timedelta(hours=hours), ended=gone)


CORE = server("control-plane", "m3.quad"), server("default-worker", "m3.quad")


def test_the_table_the_month_and_what_is_left(run: Callable[..., Result]) -> None:
    done = run(*CORE, server("mediums"), server("mediums", hours=30, ended=20), seats=0, budget=20000)
    assert done.exit_code == 0, done.output
    rows = [line.replace("│", " ").split() for line in done.output.splitlines() if "│" in line]
    assert rows == [
        ["2027-03-01", "384.0", "0.0", "48.0", "432.0"],
        ["2027-03-02", "384.0", "0.0", "32.0", "416.0"],
        ["total", "768.0", "0.0", "80.0", "848.0"],
    ]
    assert (
        "March so far: 848.0 SU; 11,984 at its end with the 16 an hour that run now; gateway:budget is 20,000"
        in (done.output)
    )
    assert (
        "allocation: 87,654 of 100,000 SU of jetstream2.indiana.xsede.org are left until 2027-08-31"
        in done.output
    )
    assert "other groups" not in done.output


def test_the_days_that_are_asked_for(run: Callable[..., Result]) -> None:
    known = server("mediums", hours=24 * 40)
    days = [
        line[2:12]
        for line in run(known, words="dev --days 4").output.splitlines()
        if line.startswith("│ 2027")
    ]
    assert days == ["2027-02-28", "2027-03-01", "2027-03-02"]
    assert len([line for line in run(known).output.splitlines() if line.startswith("│ 2027")]) == 29
    assert "March so far: 384.0 SU" in run(known, words="dev --days 1").output
    assert run(known, words="dev --days 0").exit_code == 2


def test_the_settings_of_the_time_count(run: Callable[..., Result], warned: list[str]) -> None:
    before = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in stack_config().items()
    }
    # What the engine's history has of Pulumi.yaml's defaults.
    before |= {"gateway:environment": "", "gateway:cookieSecret": "", "gateway:renamed": "{}"}
    seats, broken = {**before, "gateway:seats": "2"}, {**before, "gateway:seat": "2"}
    history = (
        Update(NOW - timedelta(hours=48), {**before, "gateway:seats": "0"}),
        Update(NOW - timedelta(hours=24), seats),
        Update(NOW - timedelta(hours=12), broken),
    )
    done = run(server("mediums"), server("mediums"), history=history, seats=0)
    assert len(warned) == 1
    assert "the settings of 2027-03-02 12:00 can't be read now (gateway:seat: is not a known" in warned[0]
    rows = [line.replace("│", " ").split() for line in done.output.splitlines() if line.startswith("│ 2027")]
    assert rows == [
        ["2027-03-01", "192.0", "0.0", "192.0", "384.0"],
        ["2027-03-02", "192.0", "192.0", "0.0", "384.0"],
    ]


def test_what_is_not_in_the_sum_is_said(run: Callable[..., Result]) -> None:
    assert run().output.startswith("the cloud has no record of servers of gateway gw25 since 2027-02-02")
    done = run(server("mediums", "m9.huge", ended=46.5), server("former"))
    assert "not counted: 1.5 hours of m9.huge, without a price in components/site.yaml" in done.output
    assert "other groups: servers of node groups that the settings did not have" in done.output


def test_what_goes_wrong_is_one_sentence(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(words='""')
    assert (done.exit_code, done.stderr) == (2, "name the stack: make cost STACK=NAME\n")

    def fails(error: Exception) -> Callable[..., Any]:
        def fail(*_: Any) -> Any:
            raise error

        return fail

    monkeypatch.setattr(command, "servers", fails(ForbiddenException("Policy does not allow this request")))
    done = run()
    assert (done.exit_code, done.stdout) == (1, "")
    assert "the cloud does not tell what its servers used: " in done.stderr
    lost = subprocess.CalledProcessError(255, "pulumi", stderr="error: no stack named 'prod' found\n")
    monkeypatch.setattr(command, "read", fails(lost))
    assert run().stderr == "error: no stack named 'prod' found\n"
    monkeypatch.setattr(command, "read", lambda _: {})
    wrong = Mistake(key="gateway:zone", rule="must end with a dot", value="x")
    monkeypatch.setattr(
        command, "load", lambda: Loaded(settings=None, secrets={}, cloud=None, mistakes=(wrong,))
    )
    assert "gateway:zone: must end with a dot" in run().stdout
