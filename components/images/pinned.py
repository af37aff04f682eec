"""What registries have of the gateway's images: published ones by digest, and built ones that are lost.

Neither the Docker provider nor Kubernetes looks again at what was pushed once
(docs/adr/0010-images-in-registries.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pulumi

from components.images.registry import DeniedError, RegistryError, digest_of, split
from components.settings.errors import Mistake, SettingsError
from components.settings.hub import Images

Found = str | None | RegistryError
"""A digest, None where there is no such image, or why the registry does not tell."""


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """The images as their registries have them."""

    published: dict[str, str]
    """Each by digest; by tag alone where its registry did not answer, now or before."""
    lost: frozenset[str]
    """Built images that the registry does not have, or not any more."""


def last_references() -> dict[str, str]:
    """The images that the last complete `pulumi up` of this stack used: its output of this name.

    The engine knows what it pushed, but tells the program only after the image is declared.
    """
    stack = "/".join([pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
    told = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack}).value
    return dict(told["outputs"].get("images", {}))


def pin(
    settings: Images, published: Mapping[str, str], *, tag: str, password: str | None, last: Mapping[str, str]
) -> Pinned:
    """Ask the registries of all images at once. last: their references after the last `pulumi up`.

    Raises SettingsError for published images that nodes could not pull.
    """
    built = {name: f"{settings.registry}/{name}:{tag}" for name in settings.build}
    login = (settings.registry_user, password) if settings.registry_user and password else None
    host = split(f"{settings.registry}/any:tag")[0] if settings.registry else None

    def look(reference: str) -> Found:
        try:
            return digest_of(reference, login if split(reference)[0] == host else None)
        except RegistryError as error:
            return error

    wanted = {**published, **built}
    with ThreadPoolExecutor(max(1, len(wanted))) as pool:
        found = dict(zip(wanted, pool.map(look, wanted.values()), strict=True))
    if mistakes := [
        Mistake(key=f"gateway:images.published.{name}", rule=rule, value=reference)
        for name, reference in published.items()
        if (rule := _not_pulled(reference, found[name]))
    ]:
        raise SettingsError(mistakes)
    lost = {name: _loss(reference, found[name], last.get(name)) for name, reference in built.items()}
    for why in filter(None, lost.values()):
        pulumi.log.warn(why)
    return Pinned(
        published={name: _pinned(ref, found[name], last.get(name, "")) for name, ref in published.items()},
        lost=frozenset(name for name, why in lost.items() if why is not None),
    )


def _not_pulled(reference: str, found: Found) -> str | None:
    """The rule that a published image breaks when nodes could not pull it."""
    if found is None:
        return f"must be an image that there is; {split(reference)[0]} has none of this name and tag"
    if isinstance(found, DeniedError):
        return f"must be an image that nodes may pull, public or in gateway:images.registry ({found})"
    return None


def _pinned(reference: str, found: Found, last: str) -> str:
    if "@" in reference:
        return reference
    if isinstance(found, str):
        return f"{reference}@{found}"
    if last.startswith(f"{reference}@"):  # a registry that is down for an hour must not restart the hub
        return last
    pulumi.log.warn(f"{reference} is named by its tag, whatever that leads to: {found}")
    return reference


def _loss(reference: str, found: Found, last: str | None) -> str | None:
    """Why a built image must be pushed: "" where nothing is known of an earlier push; None: it need not."""
    if found is None:
        return f"{reference} is not in the registry any more; `pulumi up` pushes it again" if last else ""
    if isinstance(found, str) and last and last.rpartition("@")[2] != found:
        return f"{reference} leads to another image than the one pushed; `pulumi up` pushes it again"
    if isinstance(found, DeniedError) and last:
        pulumi.log.warn(f"nodes can't pull {reference} without gateway:images.registryUser ({found})")
    return None
