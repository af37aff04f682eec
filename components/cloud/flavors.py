"""Jetstream2's flavors: how much of a node users' pods can have, and what a node costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

TABLE = Path(__file__).with_name("flavors.yaml")
Positive = Annotated[float, Field(gt=0)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True)


class Size(_Model):
    """An amount of a node: CPUs and memory in GiB."""

    cpu: Annotated[float, Field(ge=0)]
    gib: Annotated[float, Field(ge=0)]

    def __add__(self, other: Size) -> Size:
        return Size(cpu=self.cpu + other.cpu, gib=self.gib + other.gib)

    def __str__(self) -> str:
        amounts = [f"{self.cpu:g} CPU"] * bool(self.cpu) + [f"{self.gib:g} GiB"] * bool(self.gib)
        return " and ".join(amounts) or "nothing"

    def fits(self, room: Size) -> bool:
        """Whether this much is there in `room`."""
        return self.cpu <= room.cpu and self.gib <= room.gib

    def excess(self, room: Size) -> Size:
        """What is missing in `room`: 0 of what there is enough of."""
        return Size(cpu=max(0, self.cpu - room.cpu), gib=max(0, self.gib - room.gib))


class Flavor(_Model):
    """One row of the table: vCPUs, memory in GiB, service units (SU) an hour."""

    name: str
    vcpu: Annotated[int, Field(gt=0)]
    gib: Positive
    su_per_hour: Positive
    system_reserve: Size

    @property
    def room(self) -> Size:
        """What a node of this flavor has for users' pods: the flavor less what the system needs."""
        return Size(cpu=self.vcpu - self.system_reserve.cpu, gib=self.gib - self.system_reserve.gib)


def load_flavors(table: Path = TABLE) -> dict[str, Flavor]:
    """The flavors of `table` by name, smallest first.

    Raises OSError or ValueError when the file, which is the program's own and no setting, is damaged.
    """
    data = yaml.safe_load(table.read_text(encoding="utf-8"))
    flavors = (
        Flavor(name=name, system_reserve=data["systemReserve"], **row)
        for name, row in data["flavors"].items()
    )
    return {
        flavor.name: flavor for flavor in sorted(flavors, key=lambda flavor: (flavor.su_per_hour, flavor.gib))
    }
