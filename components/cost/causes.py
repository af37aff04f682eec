"""Why the gateway's servers were there: the floor, seats, or users.

No record tells who sat where, so the causes are counted. At each moment the oldest servers of a node group,
as many as its minimum, are the floor. On the users' group those beyond it that seats or a workshop asked for
are seats, whether or not a user has taken them. All others are there because of users.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from components.cost.usage import Server
from components.seats.room import Room
from components.settings.model import DEFAULT_WORKER, Settings
from components.site import SITE

FLOOR, SEATS, USERS, OTHER = "floor", "seats", "users", "other groups"
"""OTHER: servers of node groups that the settings did not have."""
CORE = ("control-plane", "default-master", DEFAULT_WORKER)
"""What Cluster API and Magnum call the groups that every cluster has."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the settings asked for from a time on."""

    since: datetime
    settings: Settings
    room: Room | None
    """Of the seats; None where there are none."""

    def group(self, server: Server) -> str | None:
        """The node group that a server is of."""
        known = [*CORE, *(group.name for group in self.settings.node_groups)]
        found = [name for name in known if server.machine.startswith(f"{name}-")]
        return max(found, key=len, default=None)

    def asked(self, group: str, at: datetime) -> tuple[int, int]:
        """How many servers of a group are the floor then, and how many with seats."""
        floor = next(one.min for one in self.settings.node_groups if one.name == group)
        if group != self.settings.user_group.name or self.room is None:
            return floor, floor
        on = [one.seats for one in self.settings.schedule if one.asks <= at < one.ends]
        return floor, max(floor, self.room.nodes(self.settings.seats + sum(on)))

    def changes(self) -> Iterator[datetime]:
        """The times at which it asks for another number."""
        yield self.since
        for workshop in self.settings.schedule:
            yield from (workshop.asks, workshop.ends)


@dataclass
class Used:
    """What was used, in SU."""

    days: dict[date, dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    """By UTC day and by cause."""
    unpriced: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Hours of servers whose flavor has no price, by flavor; they are in no day."""

    def total(self, since: date) -> float:
        """All that was used since that day."""
        return sum(sum(causes.values()) for day, causes in self.days.items() if day >= since)


def used(servers: Sequence[Server], plans: Sequence[Plan], since: datetime, until: datetime) -> Used:
    """What these servers used in this time.

    servers, plans: oldest first. The first plan counts before its time too, since nothing older is known.
    """
    result = Used()
    waiting = list(reversed(servers))
    running: list[Server] = []
    for begin, end in pairwise(_cuts(servers, plans, since, until)):
        while waiting and waiting[-1].started <= begin:
            running.append(waiting.pop())
        running = [server for server in running if server.ended is None or server.ended > begin]
        plan = next((plan for plan in reversed(plans) if plan.since <= begin), plans[0])
        for server, cause in _causes(running, plan, begin):
            hours = (end - begin) / HOUR
            if server.flavor in SITE.su_per_hour:
                result.days[begin.date()][cause] += hours * SITE.su_per_hour[server.flavor]
            else:
                result.unpriced[server.flavor] += hours
    return result


def _causes(running: Sequence[Server], plan: Plan, at: datetime) -> Iterator[tuple[Server, str]]:
    groups: dict[str, list[Server]] = defaultdict(list)
    for server in running:
        groups[plan.group(server) or OTHER].append(server)
    for group, its in groups.items():
        if group in (OTHER, *CORE):
            yield from ((server, OTHER if group == OTHER else FLOOR) for server in its)
            continue
        floor, kept = plan.asked(group, at)
        for i, server in enumerate(its):
            yield server, FLOOR if i < floor else SEATS if i < kept else USERS


def _cuts(
    servers: Sequence[Server], plans: Sequence[Plan], since: datetime, until: datetime
) -> list[datetime]:
    """The times between which nothing changes: days, servers, settings, workshops."""
    midnight = datetime.combine(since.date(), time(), since.tzinfo)
    days = (until - midnight).days
    found = {since, until, *(midnight + timedelta(days=day) for day in range(days + 1))}
    found.update(change for plan in plans for change in plan.changes())
    for server in servers:
        found.update((server.started, server.ended or until))
    return sorted(moment for moment in found if since <= moment <= until)
