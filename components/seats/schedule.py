"""The workshops of `gateway:schedule` that are to come: what is wrong with them, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pulumi

from components.seats.room import Room, too_many
from components.settings.errors import Mistake
from components.settings.model import Settings
from components.settings.schedule import Workshop
from components.site import SITE

KEY = "gateway:schedule"
YEAR = timedelta(days=365)


def ahead(settings: Settings, now: datetime) -> dict[str, Workshop]:
    """The workshops that are not over, by key. One that is over is nobody's mistake: time did it."""
    return {f"{KEY}[{i}]": workshop for i, workshop in enumerate(settings.schedule) if workshop.ends > now}


def schedule_mistakes(settings: Settings, now: datetime) -> Iterator[Mistake]:
    """Workshops too far away, or on at the same time. Warns of one that is over, and of one that is on."""
    workshops = ahead(settings, now)
    for one in settings.schedule:
        if one not in workshops.values():
            pulumi.log.warn(f"{KEY}: `{one.name}` is over; remove it")
    before: list[Workshop] = []
    for key, workshop in workshops.items():
        if workshop.asks <= now:
            pulumi.log.warn(
                f"{key}: the nodes of `{workshop.name}` were asked for {workshop.lead_minutes} minutes before"
                f" {workshop.begin}, and what changes of it from then on has no effect. Where it is new,"
                " set gateway:seats in its place"
            )
        if workshop.asks >= now + YEAR:
            # A CronJob has no year, and would ask for the nodes a year too early.
            rule = "must be within a year; add the workshop later"
            yield Mistake(key=f"{key}.begin", rule=rule, value=workshop.begin)
        for other in before:
            if workshop.begins < other.ends and other.begins < workshop.ends:
                rule = (
                    f"must not be while `{other.name}` is on ({other.begin} to {other.end}, {other.zone});"
                    " make one workshop with the seats of both"
                )
                yield Mistake(key=f"{key}.begin", rule=rule, value=workshop.begin)
        before.append(workshop)


def room_mistakes(settings: Settings, room: Room, now: datetime) -> Iterator[Mistake]:
    """That the users' node group can never have a workshop's seats beside `gateway:seats`.

    Warns where it can't have them before another workshop has ended.
    """
    workshops = ahead(settings, now)
    for key, workshop in workshops.items():
        wrong = list(too_many(f"{key}.seats", workshop.seats, settings, room, kept=settings.seats))
        yield from wrong
        on = [
            one for one in workshops.values() if one is not workshop and one.asks <= workshop.asks < one.ends
        ]
        kept = settings.seats + sum(one.seats for one in on)
        if on and not wrong and any(too_many(key, workshop.seats, settings, room, kept=kept)):
            others = " and ".join(f"`{one.name}`" for one in on)
            pulumi.log.warn(
                f"{key}: the nodes of `{workshop.name}` are asked for {workshop.lead_minutes} minutes before"
                f" it begins, while {others} is on, and node group {settings.user_group.name} can't have the"
                " seats of both. They may not be there in time; let it begin later, or raise `max` in"
                " gateway:nodeGroups"
            )


def su_of_schedule(settings: Settings, room: Room | None, now: datetime) -> dict[str, float]:
    """SU of the workshops by the month in which they begin (`2027-03`); nothing where it is not known.

    Each costs the nodes of all its seats from when they are asked for until it ends.
    """
    months: dict[str, float] = {}
    price = SITE.su_per_hour.get(settings.user_group.flavor)
    if room is None or price is None:
        return {}
    for workshop in ahead(settings, now).values():
        hours = (workshop.ends - workshop.asks) / timedelta(hours=1)
        month = workshop.begin[:7]
        months[month] = months.get(month, 0) + room.nodes(workshop.seats) * price * hours
    return dict(sorted(months.items()))
