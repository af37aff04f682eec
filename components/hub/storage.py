"""What the settings want of a running hub's storage, and Kubernetes can't give."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from kubernetes import client

from components.charts.versions import JUPYTERHUB
from components.cluster.access import ANSWER_SECONDS
from components.homes.grow import Home, homes
from components.homes.metadata import HUB_DATABASE, SELECTOR
from components.settings.auth import Auth
from components.settings.errors import Mistake
from components.settings.hub import Hub, Storage

KEY = "gateway:hub.storage"
NAMESPACE = JUPYTERHUB.release


def storage_mistakes(wanted: Storage, connection: client.ApiClient, there: list[Home]) -> list[Mistake]:
    """One Mistake for each setting that only new claims could have. there: the homes.

    Raises what the cluster's client raises.
    """
    core, storage = client.CoreV1Api(connection), client.StorageV1Api(connection)
    classes: Any = storage.list_storage_class(_request_timeout=ANSWER_SECONDS)
    grows = {found.metadata.name: bool(found.allow_volume_expansion) for found in classes.items}
    named: Any = core.list_namespaced_persistent_volume_claim(
        NAMESPACE, field_selector=f"metadata.name={HUB_DATABASE}", _request_timeout=ANSWER_SECONDS
    )
    database = next((claim.spec.storage_class_name for claim in named.items), None)
    return [
        *_class(wanted.class_, database, grows),
        *(
            _too_small(there, wanted.size_gib, grows)
            if wanted.type == "home"
            else _left_behind(there, wanted.type)
        ),
    ]


def all_homes(connection: client.ApiClient) -> list[Home]:
    """The hub's homes. Raises what the cluster's client raises."""
    return homes(client.CoreV1Api(connection), NAMESPACE)


def homes_of_nobody(auth: Auth, hub: Hub, there: list[Home]) -> list[str]:
    """Users who have a home but can't log in; none where accounts of other names can."""
    if not auth.listed_only:
        return []
    known = {*hub.admins, *hub.users}
    return sorted(home.user for home in there if home.user not in known)


def _class(wanted: str, database: str | None, known: Collection[str]) -> Iterator[Mistake]:
    if database is None and known and wanted not in known:  # none: the cluster is still too new
        rule = f"must be a storage class of the cluster ({', '.join(sorted(known))})"
        yield Mistake(key=f"{KEY}.class", rule=rule, value=wanted)
    elif database is not None and wanted != database:
        rule = f"must be {database}, what the hub's database has; for another one destroy the gateway first"
        yield Mistake(key=f"{KEY}.class", rule=rule, value=wanted)


def _left_behind(there: list[Home], wanted: str) -> Iterator[Mistake]:
    if there:
        rule = (
            "must be home while there are homes, which nobody could reach any more"
            f" ({', '.join(home.user for home in there)}); to delete them, run"
            f" `kubectl delete pvc -n {NAMESPACE} -l {SELECTOR}` first"
        )
        yield Mistake(key=f"{KEY}.type", rule=rule, value=wanted)


def _too_small(there: list[Home], wanted: int, grows: dict[str, bool]) -> Iterator[Mistake]:
    fixed = [home for home in there if not grows.get(home.storage_class) and home.gib < wanted]
    if fixed:
        smallest = min(fixed, key=lambda home: home.gib)
        rule = (
            f"must be at most {smallest.gib:g}, the size of home {smallest.claim}: its storage class"
            f" {smallest.storage_class} does not let it grow"
        )
        yield Mistake(key=f"{KEY}.sizeGib", rule=rule, value=wanted)
