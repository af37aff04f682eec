"""How much of a node the users' pods need, and whether a flavor has room for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import product

from kubernetes.utils.quantity import parse_quantity

from components.cloud.flavors import Flavor, Size
from components.cluster.nodegroup import NODE_GROUP_LABEL
from components.hub.desktops import Values, merge
from components.settings.errors import Mistake
from components.site import SITE

PLACEHOLDER = "placeholder"
"""Name of the pod that keeps a seat."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod that a user may start: a profile, in one of its sizes."""

    name: str
    slug: str = ""
    node_group: str
    size: Size
    desktop: bool = False


def pods(singleuser: Values, profiles: Iterable[Values], node_group: str) -> Iterator[Pod]:
    """What users may choose on KubeSpawner's page.

    singleuser: what the profiles override. node_group: where those run that name no other.
    """
    for profile in profiles:
        options = profile.get("profile_options", {}).items()
        for chosen in product(*(option.get("choices", {}).items() for _, option in options)):
            layers = [choice.get("kubespawner_override", {}) for _, choice in chosen]
            override = merge(profile.get("kubespawner_override", {}), *layers)
            picked = [f"{option} {key}" for (option, _), (key, _) in zip(options, chosen, strict=True)]
            yield Pod(
                name=", ".join(["profile " + profile["slug"], *picked]),
                slug=profile["slug"],
                node_group=override.get("node_selector", {}).get(NODE_GROUP_LABEL, node_group),
                size=_size(singleuser, override),
                desktop="extra_containers" in override,
            )


def placeholder(started: Iterable[Pod], singleuser: Values, node_group: str) -> Pod:
    """One placeholder, on the users' node group.

    Evicted, it makes room for any desktop there, or for the base profile if there is none.
    """
    sizes = [pod.size for pod in started if pod.desktop and pod.node_group == node_group]
    size = reduce(Size.larger, sizes or [_size(singleuser, {})])
    return Pod(name=PLACEHOLDER, node_group=node_group, size=size)


def check_fit(
    wanted: Iterable[Pod], groups: Mapping[str, Flavor], others: Collection[Flavor]
) -> Iterator[Mistake]:
    """One Mistake for each pod that does not fit a node of its group, with what is missing.

    groups: the flavor of each node group. others: flavors to choose from, smallest first. The example names
    the first that is large enough.
    """
    for pod in wanted:
        flavor = groups.get(pod.node_group)
        if flavor is None or pod.size.fits(flavor.room):
            continue
        larger = next((other.name for other in others if pod.size.fits(other.room)), None)
        yield Mistake(
            key=f"hub_values: {pod.name}",
            rule=(
                f"must fit a node of {flavor.name}, which has {flavor.room} for users; "
                f"it is too large by {pod.size.excess(flavor.room)}"
            ),
            value=str(pod.size),
            example=larger and f"a node group of {larger}",
        )


def shape(singleuser: Values, override: Values) -> str:
    """What a pod gets, in words for its user."""
    parts = _parts(singleuser, override)
    return ", ".join(f"{name} with {size}" for name, size in reversed(parts.items()))


def _size(singleuser: Values, override: Values) -> Size:
    return reduce(Size.__add__, _parts(singleuser, override).values())


def _parts(singleuser: Values, override: Values) -> dict[str, Size]:
    """What each container guarantees. JupyterHub's G is GiB, unlike Kubernetes'."""
    memory = str(override.get("mem_guarantee", singleuser["memory"]["guarantee"]))
    notebook = Size(
        cpu=float(override.get("cpu_guarantee", singleuser["cpu"]["guarantee"])),
        gib=_number(memory + "i" if memory[-1] in "KMGT" else memory) / 2**30,
        gpus=_gpus(override.get("extra_resource_limits", {})),
    )
    asked = {
        container["name"].capitalize(): container["resources"]["requests"]
        for container in override.get("extra_containers", [])
    }
    return {"JupyterLab": notebook} | {
        name: Size(
            cpu=_number(requests["cpu"]), gib=_number(requests["memory"]) / 2**30, gpus=_gpus(requests)
        )
        for name, requests in asked.items()
    }


def _gpus(amounts: Values) -> int:
    return int(amounts.get(SITE.gpus.resource, 0))


def _number(quantity: str) -> float:
    return float(parse_quantity(quantity))  # type: ignore[no-untyped-call]
