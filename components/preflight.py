"""Checks before anything is created: the settings against the catalogue, the cloud and the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import pulumi
from keystoneauth1.exceptions import ClientException

from components.charts.drift import FAILURES, Change, drift
from components.charts.install import folder_mistakes, version_mistakes
from components.charts.versions import needed
from components.cloud.flavors import Flavor, Size
from components.cloud.survey import Survey, reach, survey
from components.cluster.access import client_of
from components.cluster.kubeconfig import USABLE, sign
from components.cost.allocation import allocations
from components.cost.budget import check_budget, check_left
from components.cost.prices import Price, backups_in_words, floor_by_resource, in_words, su_per_hour
from components.hub.catalogue import Catalogue
from components.hub.desktops import taken_names
from components.hub.profiles import all_pods, profile_mistakes
from components.hub.sizes import Pod, check_fit
from components.hub.storage import all_homes, homes_of_nobody, storage_mistakes
from components.hub.values import read_layers
from components.images.desktop_images import engine_mistakes, name_mistakes
from components.images.pinned import Pinned, last_references, pin
from components.monitoring.volume import volume_mistakes
from components.seats.room import Room, room_among, seat_mistakes
from components.seats.schedule import ahead, room_mistakes, schedule_mistakes, su_of_schedule
from components.settings.cloud import CloudConfig
from components.settings.errors import Mistake, SettingsError
from components.settings.load import Loaded
from components.settings.model import Settings
from components.settings.schedule import Workshop

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the checks found, for the components to use."""

    settings: Settings
    cloud: CloudConfig
    survey: Survey
    images: Pinned
    """What registries have of the gateway's images."""
    workshops: list[tuple[Workshop, Size]]
    """Those that are not over, each with the size of its seats."""
    su_per_hour: Price
    """Service units an hour, or why they are not known."""
    drift: dict[str, list[Change]]
    """What someone changed by hand in each Helm release."""


def preflight(
    loaded: Loaded,
    catalogue: Catalogue,
    registry_password: str | None,
    last: Callable[[], Mapping[str, str]] = last_references,
) -> Checked:
    """Check the settings against everything that they name; log warnings of what may fail later.

    last: gives the images of the last `pulumi up`.
    Raises SettingsError with every mistake, before anything is created.
    """
    mistakes = list(loaded.mistakes)
    told = {mistake.key for mistake in mistakes}

    def attempt(check: Callable[[], T]) -> T | None:
        try:
            return check()
        except SettingsError as error:
            mistakes.extend(mistake for mistake in error.mistakes if mistake.key not in told)
            return None

    settings, cloud = loaded.settings, loaded.cloud
    if settings is None or cloud is None:
        if cloud is not None:
            attempt(lambda: reach(cloud))
        raise SettingsError(mistakes)
    charts = needed(
        settings.ingress, monitoring=settings.monitoring.enabled, files=bool(settings.hub.files_gib)
    )
    mistakes.extend(folder_mistakes(settings.charts, charts))
    now = datetime.now(UTC)
    mistakes.extend(schedule_mistakes(settings, now))
    layers = read_layers(settings.hub, settings.auth)
    started: list[Pod] = []
    rooms: list[Room] = []

    def fit(flavors: dict[str, Flavor], kubernetes: str | None) -> Iterable[Mistake]:
        groups = {
            group.name: flavors[group.flavor] for group in settings.node_groups if group.flavor in flavors
        }
        if room := room_among(settings, started, flavors):
            rooms.append(room)
        return [
            *check_fit(started, groups, flavors.values()),
            *(mistake for room in rooms for mistake in seat_mistakes(settings, room)),
            *(mistake for room in rooms for mistake in room_mistakes(settings, room, now)),
            *version_mistakes(kubernetes, charts),
        ]

    enabled = attempt(lambda: catalogue.enabled(settings.hub.desktops))
    images: Pinned | None = None
    with ThreadPoolExecutor(1) as registries:
        if enabled is not None:
            mistakes.extend(taken_names(layers, enabled))
            started += all_pods(layers["singleuser"], enabled, settings)
            mistakes.extend(profile_mistakes(settings, started))
            # The engine knows the log of a thread by its context.
            look = partial(_images, settings, catalogue, registry_password, last())
            asked = registries.submit(copy_context().run, look)
        found = attempt(lambda: survey(settings, cloud, fit))
        if enabled is not None:
            images = attempt(asked.result)
    inside = look_inside(settings, found) if found is not None else Inside()
    mistakes.extend(inside.mistakes)
    _warn(settings, loaded)
    room = rooms[0] if rooms else None
    cost, schedule = su_per_hour(settings, room), su_of_schedule(settings, room, now)
    attempt(lambda: check_budget(settings, cost, schedule))
    if images is None or found is None or mistakes:
        raise SettingsError(mistakes)
    _say_cost(settings, found, room, cost, schedule)
    return Checked(
        settings=settings,
        cloud=cloud,
        survey=found,
        images=images,
        workshops=[(workshop, room.seat) for workshop in ahead(settings, now).values()] if room else [],
        su_per_hour=cost,
        drift=inside.drift,
    )


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What the gateway's cluster reports; nothing if there is none that answers."""

    drift: dict[str, list[Change]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    """What only new storage could have."""


def look_inside(settings: Settings, found: Survey) -> Inside:
    """What was changed in the cluster by hand, and what of `settings` its storage can't have."""
    existing = found.existing.cluster
    if existing is None or existing.failed or found.connection is None:
        return Inside()
    magnum = found.connection.container_infrastructure_management
    try:
        cluster = magnum.get(f"/clusters/{existing.id}").json()
        if cluster["status"] not in USABLE or not cluster["api_address"]:
            return Inside()
        api = client_of(sign(magnum, cluster))
        there = all_homes(api)
        if names := homes_of_nobody(settings.auth, settings.hub, there):
            pulumi.log.warn(
                f"there are homes of users who can't log in: {', '.join(names)}. They stay as they are;"
                " whoever gets one of these names in gateway:hub.users gets the home"
            )
        mistakes = [
            *storage_mistakes(settings.hub.storage, api, there),
            *volume_mistakes(settings.monitoring, api),
        ]
        return Inside(drift=drift(api), mistakes=mistakes)
    except (ClientException, *FAILURES) as error:
        pulumi.log.warn(f"the cluster does not answer, so its drift and its storage are not known: {error}")
        return Inside()


def _images(
    settings: Settings, catalogue: Catalogue, registry_password: str | None, last: Mapping[str, str]
) -> Pinned:
    """What the registries have of the images that the gateway uses. Raises SettingsError."""
    names = catalogue.image_names(settings.hub.desktops)
    images = settings.images
    known = {name: images.published.get(name) or catalogue.image(name).published for name in names}
    published = {name: reference for name, reference in known.items() if reference}
    _raise_if(
        [*name_mistakes(images, names, catalogue.image_names(), published), *engine_mistakes(images.build)]
    )
    named = {name: reference for name, reference in published.items() if name not in images.build}
    return pin(images, named, tag=pulumi.get_stack(), password=registry_password, last=last)


def _say_cost(
    settings: Settings, found: Survey, room: Room | None, cost: Price, schedule: Mapping[str, float]
) -> None:
    """Log what the gateway will cost; warn where the allocation has not as much left."""
    if not isinstance(cost, str):
        pulumi.log.info(in_words(cost, found.servers))
    if found.connection is not None and (known := allocations(found.connection)) is not None:
        today = datetime.now(UTC).date()
        check_left(settings.budget, floor_by_resource(settings, room), known, today)
    if schedule:
        months = ", ".join(f"{month} {su:g}" for month, su in schedule.items())
        pulumi.log.info(f"service units of gateway:schedule: {months}")
    if backups := backups_in_words(settings.hub):
        pulumi.log.info(backups)


def _warn(settings: Settings, loaded: Loaded) -> None:
    """Of what an operator should know of her settings."""
    if settings.auth.type == "shared-password":
        pulumi.log.warn(
            "gateway:auth is shared-password: anyone with the users' password can log in as any of them"
        )
    if settings.monitoring.enabled and not settings.monitoring.mail and "alertWebhook" not in loaded.secrets:
        pulumi.log.warn(
            "gateway:monitoring tells nobody of alerts: it has no mail, and there is no alertWebhook"
        )


def _raise_if(mistakes: Iterable[Mistake]) -> None:
    if found := list(mistakes):
        raise SettingsError(found)
