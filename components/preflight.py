"""What can be wrong before anything is made: settings against catalogue, flavors and cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import pulumi
import yaml
from keystoneauth1.exceptions import ClientException
from kubernetes import config

from components.charts.drift import FAILURES, Change, drift
from components.cloud.connection import connect
from components.cloud.existing import ExistingCluster
from components.cloud.flavors import Flavor, load_flavors
from components.cloud.survey import Survey, survey
from components.cluster.kubeconfig import USABLE, sign
from components.hub.catalogue import Catalogue
from components.hub.sizes import check_fit
from components.hub.storage import storage_mistakes
from components.hub.values import read_layers
from components.images.desktop_images import engine_mistakes, name_mistakes
from components.settings.cloud import CloudConfig
from components.settings.errors import Mistake, SettingsError
from components.settings.model import Settings

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the checks found, for the components to use."""

    survey: Survey
    published: dict[str, str]
    """Reference of each image that the gateway uses and does not build, by name."""
    su_per_hour: dict[str, float]
    """Service units an hour, `floor` with every group at its minimum and `maximum` at its maximum."""
    drift: dict[str, list[Change]]
    """What someone changed by hand in each Helm release."""


def preflight(settings: Settings, catalogue: Catalogue, cloud: CloudConfig) -> Checked:
    """Check `settings` against all that they name.

    Raises SettingsError with every mistake, before anything is created.
    """
    mistakes: list[Mistake] = []

    def attempt(check: Callable[[], T]) -> T | None:
        try:
            return check()
        except SettingsError as error:
            mistakes.extend(error.mistakes)
            return None

    flavors = load_flavors()
    costs = attempt(lambda: su_per_hour(settings, flavors))
    enabled = attempt(lambda: catalogue.enabled(settings.hub.desktops))
    if enabled is not None and costs is not None:
        flavor = flavors[settings.user_group.flavor]
        mistakes.extend(check_fit(read_layers(settings.hub), enabled, flavor, flavors.values()))
    published = attempt(lambda: _published(settings, catalogue)) if enabled is not None else None
    found = attempt(lambda: survey(settings, cloud))
    inside = look_inside(settings, found.existing.cluster, cloud) if found is not None else Inside()
    mistakes.extend(inside.mistakes)
    if costs is None or published is None or found is None or mistakes:
        raise SettingsError(mistakes)
    return Checked(survey=found, published=published, su_per_hour=costs, drift=inside.drift)


def su_per_hour(settings: Settings, flavors: dict[str, Flavor]) -> dict[str, float]:
    """What the gateway's nodes cost an hour, in service units.

    Raises SettingsError for a flavor that is not in the table.
    """
    cluster = settings.cluster
    used = settings.flavors
    _raise_if(
        Mistake(
            key=f"gateway:{key}",
            rule=f"must be in components/cloud/flavors.yaml ({', '.join(flavors)})",
            value=flavor,
        )
        for key, flavor in used.items()
        if flavor not in flavors
    )
    price = {flavor: flavors[flavor].su_per_hour for flavor in used.values()}
    core = cluster.masters * price[cluster.master_flavor] + cluster.workers * price[cluster.flavor]
    return {
        "floor": core + sum(group.min * price[group.flavor] for group in settings.node_groups),
        "maximum": core + sum(group.max * price[group.flavor] for group in settings.node_groups),
    }


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What the gateway's cluster tells of itself; nothing where there is none that answers."""

    drift: dict[str, list[Change]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    """What only new storage could have."""


def look_inside(settings: Settings, cluster: ExistingCluster | None, cloud: CloudConfig) -> Inside:
    """What was changed in the cluster by hand, and what of `settings` its storage can't become."""
    if cluster is None or cluster.failed:
        return Inside()
    magnum = connect(cloud).container_infrastructure_management
    try:
        found = magnum.get(f"/clusters/{cluster.id}").json()
        if found["status"] not in USABLE or not found["api_address"]:
            return Inside()
        kubeconfig = sign(magnum, found)
        connection = config.new_client_from_config_dict(yaml.safe_load(kubeconfig))  # type: ignore[no-untyped-call]
        return Inside(drift=drift(kubeconfig), mistakes=storage_mistakes(settings.hub.storage, connection))
    except (ClientException, *FAILURES) as error:
        pulumi.log.warn(f"the cluster could not be asked what was changed in it by hand: {error}")
        return Inside()


def _published(settings: Settings, catalogue: Catalogue) -> dict[str, str]:
    """Where the images come from that are not built here."""
    names = catalogue.image_names(settings.hub.desktops)
    images = settings.images
    known = {name: images.published.get(name) or catalogue.image(name).published for name in names}
    published = {name: reference for name, reference in known.items() if reference}
    _raise_if(
        [*name_mistakes(images, names, catalogue.image_names(), published), *engine_mistakes(images.build)]
    )
    return {name: reference for name, reference in published.items() if name not in images.build}


def _raise_if(mistakes: Iterable[Mistake]) -> None:
    if found := list(mistakes):
        raise SettingsError(found)
