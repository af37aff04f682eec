"""The settings of workshops: seats for a time, in the place where the workshop is."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from components.settings.hub import SHORT
from components.settings.types import Change, Model, TimeZone, once

FORM = "%Y-%m-%d %H:%M"


def moment(value: str) -> str:
    """A date and a time, YYYY-MM-DD HH:MM."""
    with suppress(ValueError):
        # Without the second look 2027-3-3 passes, whose first seven characters are no month.
        if datetime.strptime(value, FORM).strftime(FORM) == value:
            return value
    raise PydanticCustomError("moment", "must be a date and a time, YYYY-MM-DD HH:MM")


class Workshop(Model):
    """Seats for a time. Their nodes are there when it begins, and go when it has ended."""

    name: Annotated[str, AfterValidator(SHORT), Change.WORKSHOP] = Field(examples=["spring-school"])
    """Name of the workshop."""
    seats: Annotated[int, Change.IN_PLACE] = Field(ge=1, examples=[30])
    """How many desktops it needs. A seat that a user takes does not come back, unlike those of
    `gateway:seats`."""
    zone: Annotated[TimeZone, Change.IN_PLACE] = Field(examples=["Europe/Vienna"])
    """The time zone of `begin` and `end`."""
    begin: Annotated[str, AfterValidator(moment), Change.IN_PLACE] = Field(examples=["2027-03-03 09:00"])
    """When it begins."""
    end: Annotated[str, AfterValidator(moment), Change.IN_PLACE] = Field(examples=["2027-03-03 12:00"])
    """When it ends. Then what is left of its seats goes; users' servers stay."""
    lead_minutes: Annotated[int, Change.IN_PLACE] = Field(30, ge=0, le=1440)
    """How many minutes before `begin` the nodes are asked for. A node takes 5 to 10, its images some more."""

    @property
    def asks(self) -> datetime:
        """When its nodes are asked for."""
        return self._utc(self.begin) - timedelta(minutes=self.lead_minutes)

    @property
    def begins(self) -> datetime:
        """`begin`, in UTC."""
        return self._utc(self.begin)

    @property
    def ends(self) -> datetime:
        """`end`, in UTC."""
        return self._utc(self.end)

    def _utc(self, value: str) -> datetime:
        return datetime.strptime(value, FORM).replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    @field_validator("begin", "end")
    @classmethod
    def _once_a_day(cls, value: str, info: ValidationInfo) -> str:
        """Not an hour that clocks skip or show twice, when they change to summer time or back."""
        zone, local = info.data.get("zone"), datetime.strptime(value, FORM)
        # In both cases Python has one offset for each side of the change.
        if zone and len({local.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1)}) > 1:
            text = "must be a time that clocks in {zone} show once; they change then, so take another hour"
            raise PydanticCustomError("clocks", text, {"zone": zone})
        return value

    @field_validator("end")
    @classmethod
    def _after(cls, end: str, info: ValidationInfo) -> str:
        """After `begin`."""
        begin = info.data.get("begin")
        if begin and datetime.strptime(end, FORM) <= datetime.strptime(begin, FORM):
            raise PydanticCustomError("end", "must be after begin ({begin})", {"begin": begin})
        return end


def by_name(workshops: list[Workshop]) -> list[Workshop]:
    """Each by another name."""
    once([workshop.name for workshop in workshops])
    return workshops
