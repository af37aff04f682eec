"""Service units (SU) that the gateway's nodes cost, by the prices in site.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter

import pulumi

from components.seats.room import Room
from components.settings.errors import Mistake, SettingsError
from components.settings.model import Settings
from components.site import SITE

HOURS = 365 * 24 / 12
"""Of a month."""
KEY = "gateway:budget"
Price = dict[str, float] | str
"""SU an hour, `floor` with nobody logged in and `maximum` with all groups at their maximum; or why not known.
`seats` is the floor's part for `gateway:seats`, where they are set."""


def su_per_hour(settings: Settings, room: Room | None = None) -> Price:
    """What the gateway's nodes cost an hour. room: of the seats, where it is known.

    With nobody logged in each group is at its minimum, or as large as the seats need it.
    """
    cluster, price = settings.cluster, SITE.su_per_hour
    if unpriced := sorted(set(settings.flavors.values()) - price.keys()):
        return f"not known: components/site.yaml has no price for {', '.join(unpriced)}"
    core = cluster.masters * price[cluster.master_flavor] + cluster.workers * price[cluster.flavor]
    users, nodes = settings.user_group, room.nodes(settings.seats) if room else 0
    more = max(0, nodes - users.min) * price[users.flavor]
    return {
        "floor": core + more + sum(group.min * price[group.flavor] for group in settings.node_groups),
        "maximum": core + sum(group.max * price[group.flavor] for group in settings.node_groups),
        **({"seats": nodes * price[users.flavor]} if nodes else {}),
    }


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


def check_budget(settings: Settings, price: Price, schedule: Mapping[str, float] | None = None) -> None:
    """Warn where the price is not known, and where the maximum costs more than `gateway:budget`.

    schedule: SU of workshops by month, of which the dearest counts.
    Raises SettingsError where the minimum, with the workshops of that month, does.
    """
    budget = settings.budget
    if isinstance(price, str):
        unchecked = f", so {KEY} is not checked" if budget else ""
        pulumi.log.warn(f"su_per_hour is {price}{unchecked}")
        return
    floor, most = (price[at] * HOURS for at in ("floor", "maximum"))
    if not budget or most <= budget:
        return
    month, workshops = max((schedule or {}).items(), key=itemgetter(1), default=("", 0.0))
    if (floor := floor + workshops) > budget:
        costs = f"with the workshops of {month} costs" if workshops else "costs in a month"
        rule = f"must be at least {floor:.0f}, what the gateway at its minimum {costs}"
        raise SettingsError([Mistake(key=KEY, rule=rule, value=budget)])
    hours = (budget - floor) / (price["maximum"] - price["floor"])
    pulumi.log.warn(
        f"{KEY}: the gateway at its maximum costs {most:.0f} SU in a month, more than {budget}:"
        f" {hours:.0f} hours at the maximum use the budget up, the rest of the month at the minimum"
    )
