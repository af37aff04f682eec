"""What is wrong with `gateway:schedule` today, and what its workshops cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pulumi

from components.seats.room import Room, too_many
from components.settings.errors import Mistake
from components.settings.model import Settings
from components.site import SITE

KEY = "gateway:schedule"
YEAR = timedelta(days=365)


def schedule_mistakes(settings: Settings, now: datetime) -> Iterator[Mistake]:
    """Workshops that are over, too far away, or on at the same time. Warns of one that is on already."""
    for i, workshop in enumerate(settings.schedule):
        key = f"{KEY}[{i}]"
        if workshop.ends <= now:
            rule = f"must not have passed ({workshop.zone}); remove `{workshop.name}` from {KEY}"
            yield Mistake(key=f"{key}.end", rule=rule, value=workshop.end)
        elif workshop.asks <= now:
            pulumi.log.warn(
                f"{key}: the nodes of `{workshop.name}` were asked for {workshop.lead_minutes} minutes before"
                f" {workshop.begin}, and what changes of it from then on has no effect. Where it is new,"
                " set gateway:seats in its place"
            )
        if workshop.asks >= now + YEAR:
            # A CronJob has no year, and would ask for the nodes a year too early.
            rule = "must be within a year; add the workshop later"
            yield Mistake(key=f"{key}.begin", rule=rule, value=workshop.begin)
        for other in settings.schedule[:i]:
            if workshop.begins < other.ends and other.begins < workshop.ends:
                rule = (
                    f"must not be while `{other.name}` is on ({other.begin} to {other.end}, {other.zone});"
                    " make one workshop with the seats of both"
                )
                yield Mistake(key=f"{key}.begin", rule=rule, value=workshop.begin)


def room_mistakes(settings: Settings, room: Room) -> Iterator[Mistake]:
    """That the users' node group can never have a workshop's seats beside `gateway:seats`."""
    for i, workshop in enumerate(settings.schedule):
        yield from too_many(f"{KEY}[{i}].seats", workshop.seats, settings, room, kept=settings.seats)


def su_of_schedule(settings: Settings, room: Room | None) -> dict[str, float]:
    """SU of the workshops by the month in which they begin (`2027-03`); nothing where it is not known.

    Each costs the nodes of all its seats from when they are asked for until it ends.
    """
    months: dict[str, float] = {}
    price = SITE.su_per_hour.get(settings.user_group.flavor)
    if room is None or price is None:
        return {}
    for workshop in settings.schedule:
        hours = (workshop.ends - workshop.asks) / timedelta(hours=1)
        month = workshop.begin[:7]
        months[month] = months.get(month, 0) + room.nodes(workshop.seats) * price * hours
    return dict(sorted(months.items()))
