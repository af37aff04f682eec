"""How many seats a node has, and whether the users' node group can have as many as the settings say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from components.cloud.flavors import Flavor, Size
from components.hub.catalogue import Catalogue
from components.hub.profiles import all_pods
from components.hub.sizes import PLACEHOLDER, Pod
from components.hub.values import read_layers
from components.settings.errors import Mistake
from components.settings.model import Settings


@dataclass(frozen=True, kw_only=True)
class Room:
    """A seat, and how many of them a node of the users' group has; at least 1."""

    seat: Size
    per_node: int

    def nodes(self, seats: int) -> int:
        """How many nodes this many seats fill."""
        return math.ceil(seats / self.per_node)


def room_of(settings: Settings, seat: Size, flavors: Mapping[str, Flavor]) -> Room | None:
    """The room on the users' nodes; None where the flavor is unknown or has no room for one seat."""
    flavor = flavors.get(settings.user_group.flavor)
    per_node = flavor.room.times(seat) if flavor else 0
    return Room(seat=seat, per_node=per_node) if per_node else None


def room_among(settings: Settings, pods: Iterable[Pod], flavors: Mapping[str, Flavor]) -> Room | None:
    """The same for the seat among `pods`; None also where there is none."""
    seat = next((pod.size for pod in pods if pod.name == PLACEHOLDER), None)
    return room_of(settings, seat, flavors) if seat else None


def room_by(settings: Settings, catalogue: Catalogue, flavors: Mapping[str, Flavor]) -> Room | None:
    """The same for the pods that `settings` ask for.

    Raises SettingsError where the catalogue does not have their desktops.
    """
    base = read_layers(settings.hub, settings.auth)["singleuser"]
    pods = all_pods(base, catalogue.enabled(settings.hub.desktops), settings)
    return room_among(settings, pods, flavors)


def seat_mistakes(settings: Settings, room: Room) -> Iterator[Mistake]:
    """That the users' node group can never have `gateway:seats`."""
    yield from too_many("gateway:seats", settings.seats, settings, room)


def too_many(key: str, seats: int, settings: Settings, room: Room, *, kept: int = 0) -> Iterator[Mistake]:
    """That the users' node group can never have this many seats beside those that are `kept`."""
    group = settings.user_group
    beside = f", and gateway:seats keeps {kept}" if kept else ""
    if (most := max(0, group.max * room.per_node - kept)) < seats:
        yield Mistake(
            key=key,
            rule=(
                f"must be at most {most}: node group {group.name} has at most {group.max} nodes of"
                f" {group.flavor}, with {room.per_node} of these seats each{beside}"
            ),
            value=seats,
            example=f"`max: {room.nodes(seats + kept)}` in gateway:nodeGroups",
        )
