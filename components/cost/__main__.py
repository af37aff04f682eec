"""`make cost STACK=NAME`: what the gateway used by day and by cause, and what is left of the allocation."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

import pulumi
import typer
from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import SDKException
from rich.console import Console
from rich.table import Table

from components.cloud.flavors import by_name
from components.cloud.survey import reach
from components.cost.allocation import allocations, current
from components.cost.causes import FLOOR, OTHER, SEATS, USERS, Plan, Used, used
from components.cost.prices import floor_by_resource, su_now
from components.cost.usage import servers
from components.hub.catalogue import load_catalogue
from components.seats.room import room_by
from components.settings.errors import SettingsError
from components.settings.load import NAMESPACE, check, load, parsed
from components.settings.model import Settings
from components.stack import Update, read, updates

LEGEND = {
    FLOOR: "the control plane, the core, and each node group's minimum",
    SEATS: "nodes beyond it that gateway:seats and gateway:schedule asked for, taken by users or not",
    USERS: "the other nodes, which came because of users",
    OTHER: "servers of node groups that the settings did not have",
}


def plans(connection: Connection, settings: Settings, history: list[Update]) -> list[Plan]:
    """What the settings of each `pulumi up` asked for; the present ones where none of them can be read."""
    catalogue, flavors = load_catalogue(), by_name(connection.compute.flavors(details=True))
    prefix = f"{NAMESPACE}:"
    found: list[Plan] = []
    for update in history:
        told = {key.removeprefix(prefix): it for key, it in update.config.items() if key.startswith(prefix)}
        try:
            then = check(parsed(told))
            found.append(Plan(since=update.at, settings=then, room=room_by(then, catalogue, flavors)))
        except SettingsError as error:
            pulumi.log.warn(
                f"the settings of {update.at:%Y-%m-%d %H:%M} can't be read now ({error.mistakes[0]}),"
                " so those before them count for that time too"
            )
    if found:
        return found
    return [Plan(since=datetime.now(UTC), settings=settings, room=room_by(settings, catalogue, flavors))]


def table(name: str, result: Used, since: date) -> Table:
    """SU by day and by cause, with their sums."""
    days = {day: causes for day, causes in sorted(result.days.items()) if day >= since}
    shown = [
        cause for cause in LEGEND if cause != OTHER or any(causes.get(cause, 0) for causes in days.values())
    ]
    sums = [sum(causes.get(cause, 0) for causes in days.values()) for cause in shown]
    made = Table(title=f"service units (SU) that gateway {name} used, by UTC day", show_footer=True)
    made.add_column("day", footer="total")
    for cause, figure in zip([*shown, "total"], [*sums, sum(sums)], strict=True):
        made.add_column(cause, footer=f"{figure:,.1f}", justify="right")
    for day, causes in days.items():
        figures = [causes.get(cause, 0) for cause in shown]
        made.add_row(str(day), *(f"{figure:,.1f}" for figure in [*figures, sum(figures)]))
    return made


def report(stack: str, days: int, console: Console) -> None:
    """Print what the gateway of `stack` used. Raises SettingsError, SDKException, ClientException."""
    read(stack)
    settings, cloud = load().usable()
    now = datetime.now(UTC)
    today, month = now.date(), now.date().replace(day=1)
    first = today - timedelta(days=days - 1)
    since = datetime.combine(min(first, month), time(), UTC)
    connection = reach(cloud)
    planned = plans(connection, settings, updates(stack, since))
    known = servers(connection, settings.name, since, now)
    result = used(known, planned, since, now)
    if known:
        console.print(table(settings.name, result, first))
        for cause, meaning in LEGEND.items():
            if cause != OTHER or any(causes.get(OTHER, 0) for causes in result.days.values()):
                console.print(f"{cause}: {meaning}")
    else:
        console.print(f"the cloud has no record of servers of gateway {settings.name} since {since.date()}")
    for flavor, hours in result.unpriced.items():
        console.print(f"not counted: {hours:,.1f} hours of {flavor}, without a price in components/site.yaml")
    console.print(in_month(settings, result.total(month), [s.flavor for s in known if s.ended is None], now))
    left = allocations(connection) or []
    for resource in floor_by_resource(settings):
        if allocation := current(left, resource, today):
            console.print(f"allocation: {allocation}, as last reported, for everything in the project")


def in_month(settings: Settings, so_far: float, running: list[str], now: datetime) -> str:
    """What the month has cost, and what it will if nothing changes, beside the budget."""
    ends = datetime.combine((now.date().replace(day=1) + timedelta(days=32)).replace(day=1), time(), UTC)
    rate = su_now(running)
    text = f"{now:%B} so far: {so_far:,.1f} SU"
    if rate:
        rest = rate["now"] * ((ends - now) / timedelta(hours=1))
        text += f"; {so_far + rest:,.0f} at its end with the {rate['now']:g} an hour that run now"
    return f"{text}; gateway:budget is {settings.budget:,}" if settings.budget else text


def main(
    stack: Annotated[str, typer.Argument(help="Name of the stack.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days, today included.")] = 30,
) -> None:
    """What the gateway of a stack used in service units, by day and by cause."""
    if not stack:
        print("name the stack: make cost STACK=NAME", file=sys.stderr)
        raise typer.Exit(2)
    try:
        report(stack, days, Console(markup=False, emoji=False, highlight=False, soft_wrap=True))
    except subprocess.CalledProcessError as error:
        print(error.stderr.strip(), file=sys.stderr)
        raise typer.Exit(2) from None
    except pulumi.RunError as error:
        print(error)
        raise typer.Exit(1) from None
    except (SDKException, ClientException) as error:
        print(f"the cloud does not tell what its servers used: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
