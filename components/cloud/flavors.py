"""Nova's flavors: how much of a node users' pods can have."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from components.site import SITE


class Size(BaseModel):
    """An amount of a node: CPUs, memory in GiB, and GPUs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu: Annotated[float, Field(ge=0)]
    gib: Annotated[float, Field(ge=0)]
    gpus: Annotated[int, Field(ge=0)] = 0

    def __add__(self, other: Size) -> Size:
        return self._each(operator.add, other)

    def __str__(self) -> str:
        amounts = {"CPU": self.cpu, "GiB": self.gib, "GPU": self.gpus}
        return " and ".join(f"{amount:g} {unit}" for unit, amount in amounts.items() if amount) or "nothing"

    def fits(self, room: Size) -> bool:
        """Whether this much is there in `room`."""
        return self.excess(room) == Size(cpu=0, gib=0)

    def excess(self, room: Size) -> Size:
        """What is missing in `room`: 0 of what there is enough of."""
        return self._each(lambda wanted, there: max(0, wanted - there), room)

    def times(self, part: Size) -> int:
        """How many of `part` there is room for."""
        amounts = [(getattr(self, unit), getattr(part, unit)) for unit in Size.model_fields]
        # 0.3 holds 0.1 three times, which a computer's division does not quite say.
        return min((int(there / wanted + 1e-9) for there, wanted in amounts if wanted), default=0)

    def larger(self, other: Size) -> Size:
        """Enough for either of both."""
        return self._each(max, other)

    def _each(self, of: Callable[[Any, Any], Any], other: Size) -> Size:
        return Size(**{unit: of(getattr(self, unit), getattr(other, unit)) for unit in Size.model_fields})


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
        needed = Size(cpu=reserve["cpu"], gib=reserve["gib"])
        return Size(cpu=self.vcpu, gib=self.gib, gpus=SITE.gpus.flavors.get(self.name, 0)).excess(needed)


def by_name(offered: Iterable[Any]) -> dict[str, Flavor]:
    """Nova's flavors by name, smallest first; of two of the same size the cheaper one."""
    flavors = [Flavor(name=found.name, vcpu=found.vcpus, gib=found.ram / 1024) for found in offered]
    price = SITE.su_per_hour
    flavors.sort(key=lambda flavor: (flavor.vcpu, flavor.gib, price.get(flavor.name, float("inf"))))
    return {flavor.name: flavor for flavor in flavors}
