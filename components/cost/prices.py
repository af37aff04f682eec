"""Service units (SU) that the gateway's nodes cost, by the prices in site.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from components.seats.room import Room
from components.settings.hub import Hub
from components.settings.model import Settings
from components.site import SITE

HOURS = 365 * 24 / 12
"""Of a month."""
Price = dict[str, float] | str
"""SU an hour, `floor` with nobody logged in and `maximum` with all groups at their maximum; or why not known.
`seats` is the floor's part for `gateway:seats`, where they are set."""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Nodes of one flavor: how many with nobody logged in, and how many at most."""

    flavor: str
    floor: int
    maximum: int


def nodes(settings: Settings, room: Room | None = None) -> Iterator[Nodes]:
    """The gateway's nodes. room: of the seats, where it is known.

    With nobody logged in each group is at its minimum, or as large as the seats need it.
    """
    cluster, users = settings.cluster, settings.user_group
    yield Nodes(flavor=cluster.master_flavor, floor=cluster.masters, maximum=cluster.masters)
    yield Nodes(flavor=cluster.flavor, floor=cluster.workers, maximum=cluster.workers)
    for group in settings.node_groups:
        kept = room.nodes(settings.seats) if room and group is users else 0
        yield Nodes(flavor=group.flavor, floor=max(group.min, kept), maximum=group.max)


def su_per_hour(settings: Settings, room: Room | None = None) -> Price:
    """What the gateway's nodes cost an hour. room: of the seats, where it is known."""
    price = SITE.su_per_hour
    if unpriced := sorted(set(settings.flavors.values()) - price.keys()):
        return f"not known: components/site.yaml has no price for {', '.join(unpriced)}"
    listed = list(nodes(settings, room))
    seats = room.nodes(settings.seats) * price[settings.user_group.flavor] if room else 0
    return {
        "floor": sum(some.floor * price[some.flavor] for some in listed),
        "maximum": sum(some.maximum * price[some.flavor] for some in listed),
        **({"seats": seats} if seats else {}),
    }


def floor_by_resource(settings: Settings, room: Room | None = None) -> dict[str, float]:
    """SU an hour with nobody logged in, by the resource of an allocation that they are taken from.

    Nothing of flavors without a price, or of which the cloud's accounting knows no resource.
    """
    floor: dict[str, float] = {}
    for some in nodes(settings, room):
        resource = SITE.accounting.resource(some.flavor)
        if resource and some.flavor in SITE.su_per_hour:
            floor[resource] = floor.get(resource, 0) + some.floor * SITE.su_per_hour[some.flavor]
    return floor


def su_now(servers: Iterable[str] | None) -> dict[str, float]:
    """What servers of these flavors cost an hour, as `now`; nothing where that is not known."""
    if servers is None or set(flavors := list(servers)) - SITE.su_per_hour.keys():
        return {}
    return {"now": sum(SITE.su_per_hour[flavor] for flavor in flavors)}


def in_words(price: dict[str, float], servers: Iterable[str] | None) -> str:
    """The price in words, with what the servers of these flavors cost now."""
    seats = f" ({price['seats']:g} of it for seats)" if "seats" in price else ""
    named = {**su_now(servers), "floor": price["floor"], "maximum": price["maximum"]}
    listed = ", ".join(f"{at} {su:g}{seats if at == 'floor' else ''}" for at, su in named.items())
    return f"service units an hour: {listed}"


def backups_in_words(hub: Hub) -> str:
    """What the snapshots of a home cost: room in the quota. Jetstream2 bills no storage."""
    if hub.backup is None:
        return ""
    gib = hub.storage.size_gib
    return (
        f"snapshots: {hub.backup.keep} of each home and a new one while it is taken, at {gib} GiB each;"
        f" {(hub.backup.keep + 1) * gib} GiB of the quota for each user, 0 SU"
    )
