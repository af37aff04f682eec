"""What is left of the project's allocation, as the cloud's accounting says it.

Jetstream2's has no documentation. Request and answer are those that Exosphere and Unidata's science gateway
use: `GET /` with a Keystone token lists the allocations of the token's project.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit

import pulumi
from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError

from components.site import SITE

SERVICE = "accounting"
"""In clouds.yaml `accounting_endpoint_override` is its address, where that is not the one in site.yaml."""
TIMEOUT_S = 5
Day = Annotated[date, BeforeValidator(lambda text: str(text)[:10])]
"""A date, of which the accounting may also tell the time."""


class Allocation(BaseModel):
    """An allocation of one resource; service units, and UTC dates."""

    resource: str
    service_units_allocated: float
    service_units_used: float | None
    """None: the accounting has no figure yet."""
    start_date: Day
    end_date: Day
    active: Literal[0, 1] = 1

    @property
    def left(self) -> float:
        """What is left, as of the accounting's last report; below 0 when overdrawn."""
        return self.service_units_allocated - (self.service_units_used or 0)

    def __str__(self) -> str:
        return (
            f"{self.left:,.0f} of {self.service_units_allocated:,.0f} SU of {self.resource} are left"
            f" until {self.end_date}"
        )


def current(known: Iterable[Allocation], resource: str, today: date) -> Allocation | None:
    """The allocation that pays for `resource` today."""
    for one in known:
        if one.resource == resource and one.active and one.start_date <= today <= one.end_date:
            return one
    return None


def address(connection: Connection) -> str | None:
    """Where the accounting of this cloud is; None where it has none.

    A token is a password for an hour, so only the cloud that issued it gets it: site.yaml's address counts
    where it is on the host of Keystone.
    """
    if own := connection.config.get_endpoint(SERVICE):
        return own
    keystone = connection.config.get_auth_args().get("auth_url") or ""
    same = urlsplit(keystone).hostname == urlsplit(SITE.accounting.url).hostname
    return SITE.accounting.url if same else None


def allocations(connection: Connection) -> list[Allocation] | None:
    """The project's allocations; None where the cloud has no accounting, or with a warning where it fails."""
    url = address(connection)
    if url is None:
        return None
    try:
        answer = connection.session.get(url, timeout=TIMEOUT_S, redirect=False)
        return TypeAdapter(list[Allocation]).validate_python(answer.json())
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (ClientException, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    pulumi.log.warn(
        f"the cloud's accounting at {url} gives no usable answer ({reason}), so what is left of the"
        " allocation is not known; nothing else depends on it"
    )
    return None
