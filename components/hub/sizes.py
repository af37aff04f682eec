"""How much of a node the users' pods need, and whether a flavor has room for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from kubernetes.utils.quantity import parse_quantity

from components.cloud.flavors import Flavor, Size
from components.hub.catalogue import Desktop
from components.hub.desktops import Values
from components.settings.errors import Mistake


def profile_sizes(layers: Values, enabled: Mapping[str, Desktop]) -> dict[str, Size]:
    """What a pod of each profile needs of a node, by the profile's slug."""
    singleuser = layers["singleuser"]
    plain = {
        profile["slug"]: _plain_size(singleuser, profile.get("kubespawner_override", {}))
        for profile in singleuser["profileList"]
    }
    return plain | {name: desktop.size for name, desktop in enabled.items()}


def placeholder_size(layers: Values, enabled: Mapping[str, Desktop]) -> Size:
    """One placeholder. Evicted, it makes room for any desktop, or for the base profile if there is none."""
    sizes = [desktop.size for desktop in enabled.values()] or [_plain_size(layers["singleuser"], {})]
    return Size(cpu=max(size.cpu for size in sizes), gib=max(size.gib for size in sizes))


def check_fit(
    layers: Values, enabled: Mapping[str, Desktop], flavor: Flavor, others: Collection[Flavor]
) -> Iterator[Mistake]:
    """One Mistake for each profile that does not fit a node of `flavor`, with what is missing.

    layers: the configured values. others: flavors to choose from, smallest first. The example names the first
    that is large enough.
    """
    wanted = {f"profile {slug}": size for slug, size in profile_sizes(layers, enabled).items()}
    if enabled:
        wanted["placeholder"] = placeholder_size(layers, enabled)
    for what, size in wanted.items():
        if size.fits(flavor.room):
            continue
        larger = next((other.name for other in others if size.fits(other.room)), None)
        yield Mistake(
            key=f"hub_values: {what}",
            rule=(
                f"must fit a node of {flavor.name}, which has {flavor.room} for users; "
                f"it is too large by {size.excess(flavor.room)}"
            ),
            value=str(size),
            example=larger and f"a node group of {larger}",
        )


def _plain_size(singleuser: Values, override: Values) -> Size:
    """What a profile of base.yaml guarantees. JupyterHub's G is GiB, unlike Kubernetes'."""
    memory = str(override.get("mem_guarantee", singleuser["memory"]["guarantee"]))
    size = Size(
        cpu=float(override.get("cpu_guarantee", singleuser["cpu"]["guarantee"])),
        gib=_number(memory + "i" if memory[-1] in "KMGT" else memory) / 2**30,
    )
    for container in override.get("extra_containers", []):
        requests = container["resources"]["requests"]
        size += Size(cpu=_number(requests["cpu"]), gib=_number(requests["memory"]) / 2**30)
    return size


def _number(quantity: str) -> float:
    return float(parse_quantity(quantity))  # type: ignore[no-untyped-call]
