"""Nova's flavors: how much of a node users' pods can have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from components.site import SITE


class Size(BaseModel):
    """An amount of a node: CPUs and memory in GiB."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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


@dataclass(frozen=True, kw_only=True)
class Flavor:
    """What a node of a flavor has: vCPUs, and memory in GiB."""

    name: str
    vcpu: int
    gib: float

    @property
    def room(self) -> Size:
        """What a node has for users' pods: the flavor less what the system needs."""
        reserve = SITE.system_reserve
        return Size(cpu=max(0, self.vcpu - reserve["cpu"]), gib=max(0, self.gib - reserve["gib"]))


def by_name(offered: Iterable[Any]) -> dict[str, Flavor]:
    """Nova's flavors by name, smallest first; of two of the same size the cheaper one."""
    flavors = [Flavor(name=found.name, vcpu=found.vcpus, gib=found.ram / 1024) for found in offered]
    price = SITE.su_per_hour
    flavors.sort(key=lambda flavor: (flavor.vcpu, flavor.gib, price.get(flavor.name, float("inf"))))
    return {flavor.name: flavor for flavor in flavors}
