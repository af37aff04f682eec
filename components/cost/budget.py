"""Checks of a preview: the price against `gateway:budget`, both against what is left of the allocation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from operator import itemgetter

import pulumi

from components.cost.allocation import Allocation, current
from components.cost.prices import HOURS, Price
from components.settings.errors import Mistake, SettingsError
from components.settings.model import Settings

KEY = "gateway:budget"


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


def check_left(budget: int, floor: Mapping[str, float], known: Sequence[Allocation], today: date) -> None:
    """Say what is left of the allocations; warn where a month at the minimum, or the budget, is more.

    A month counts up to the allocation's end. Only warnings, since the accounting is a day or two behind, and
    who is short of SU must be able to make the gateway smaller.

    floor: SU an hour at the minimum, by resource.
    """
    left, share = 0.0, 0.0
    for resource, su in floor.items():
        allocation = current(known, resource, today)
        if allocation is None:
            pulumi.log.warn(
                f"the project has no allocation of {resource} that is active today, and the gateway's nodes"
                f" need {su:g} SU of it an hour; request or renew it before `pulumi up`"
            )
            continue
        days = ((allocation.end_date - today).days + 1) if su else 0
        month = min(24 * days, HOURS)
        left, share = left + allocation.left, max(share, month / HOURS)
        pulumi.log.info(f"allocation: {allocation}")
        if allocation.left < su * month:
            pulumi.log.warn(
                f"the gateway at its minimum uses what is left of {resource} up in"
                f" {max(0, allocation.left) / su / 24:.0f} days; request more, or lower `min` in"
                " gateway:nodeGroups and gateway:seats"
            )
    if budget and 0 < left < budget * share:
        pulumi.log.warn(
            f"{KEY}: must be at most {left:.0f} for this month, what is left of the allocation, got {budget};"
            " request more, or lower it"
        )
