"""One thing that is left of a gateway, and the gateway that is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Left:
    """One thing that is left of a gateway."""

    kind: str
    name: str
    remove: str
    """The command that removes it."""
    cost: str = "0 SU"
    """A day. Jetstream2 does not bill storage and addresses in SU; they count against the quota."""
    going: bool = False
    """The cloud is deleting it."""
    kept: bool = False
    """The settings keep it."""

    def __str__(self) -> str:
        text = f"{self.kind} {self.name}: {self.cost} a day"
        return f"kept: {text}" if self.kept else f"{text}; remove it with `{self.remove}`"


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Whose leftovers are looked for."""

    name: str
    fqdn: str
    zone_id: str
    keep: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    """Ids of the strays from before this gateway."""
