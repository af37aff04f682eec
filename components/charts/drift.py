"""What someone changed by hand in a Helm release: the live objects against the manifest that Helm recorded.

The API server compares: a dry run of a server-side apply shows what would change. So its defaults, its normal
forms and its merging of lists are no changes, and neither is what controllers add beside the chart's fields.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import yaml
from kubernetes import client
from kubernetes.dynamic.exceptions import DynamicApiError, NotFoundError, ResourceNotFoundError
from urllib3.exceptions import HTTPError

from components.charts.versions import CHARTS
from components.cluster.access import ANSWER_SECONDS, any_kind

MANAGER = "gateway"
"""Owner of the fields that are put back, in an object's managedFields."""
AT_ONCE = 8
"""Requests at one time: a release has some 50 objects."""
SERVERS_OWN = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")
"""Parts of metadata that the API server writes."""
ABSENT = "absent"

FAILURES = (DynamicApiError, client.ApiException, HTTPError)
"""What asking a cluster may raise."""

Object = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One object that is missing, or one field that has another value than Helm set."""

    kind: str
    name: str
    field: str = ""
    """Path of the field; empty where the whole object is missing."""
    found: str = ABSENT
    wanted: str = ""

    def __str__(self) -> str:
        if not self.field:
            return f"{self.kind} {self.name}: is missing"
        return f"{self.kind} {self.name}: {self.field} is {self.found}, Helm set {self.wanted}"


class Release:
    """A Helm release that is installed in the namespace of its own name."""

    def __init__(self, connection: client.ApiClient, name: str) -> None:
        """Reads the release's newest deployed manifest; none where Helm has recorded nothing."""
        self.name = name
        self._core = client.CoreV1Api(connection)
        self._scaling = client.AutoscalingV2Api(connection)
        self._records = self._deployed()
        self._dynamic = any_kind(connection) if self._records else None

    def changes(self) -> list[Change]:
        """All that differs now, in the manifest's order. Raises what the cluster's client raises."""
        return [change for _, changes in self._compared() for change in changes]

    def put_back(self) -> list[Change]:
        """Set what differs to what Helm set, and give it."""
        compared = self._compared()
        for wanted, changes in compared:
            if changes:
                self._apply(wanted)
        return [change for _, changes in compared for change in changes]

    def _compared(self) -> list[tuple[Object, list[Change]]]:
        """Each object of the manifest with what differs of it."""
        objects = self._objects()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(zip(objects, pool.map(self._compare, objects), strict=True))

    def _deployed(self) -> list[Any]:
        """Helm's records of the release that are in force."""
        selector = f"owner=helm,name={self.name},status=deployed"
        listed: Any = self._core.list_namespaced_secret(
            self.name, label_selector=selector, _request_timeout=ANSWER_SECONDS
        )
        return list(listed.items)

    def _objects(self) -> list[Object]:
        """The release's objects as Helm sent them, less what an autoscaler owns."""
        if not self._records:
            return []
        newest = max(self._records, key=lambda record: int(record.metadata.labels["version"]))
        # Kubernetes encodes a Secret's data once, Helm once more.
        packed = base64.b64decode(base64.b64decode(newest.data["release"]))
        manifest = json.loads(gzip.decompress(packed))["manifest"]
        scalers: Any = self._scaling.list_namespaced_horizontal_pod_autoscaler(self.name)
        targets = [(s.spec.scale_target_ref.kind, s.spec.scale_target_ref.name) for s in scalers.items]
        objects = [part for part in yaml.safe_load_all(manifest) if part]
        for part in objects:
            if (part["kind"], part["metadata"]["name"]) in targets:
                part["spec"].pop("replicas", None)
        return objects

    def _compare(self, wanted: Object) -> list[Change]:
        kind, name = wanted["kind"], wanted["metadata"]["name"]
        try:
            live = self._resource(wanted).get(
                name=name, namespace=self._namespace(wanted), _request_timeout=ANSWER_SECONDS
            )
        except (NotFoundError, ResourceNotFoundError):
            return [Change(kind=kind, name=name)]
        applied = self._apply(wanted, dry_run="All")
        fields = differences(_own(live.to_dict()), _own(applied))
        hidden = kind == "Secret"
        return [
            Change(
                kind=kind,
                name=name,
                field=field,
                found="another value" if hidden and found is not None else _shown(found),
                wanted="a secret one" if hidden else _shown(value),
            )
            for field, found, value in fields
        ]

    def _apply(self, wanted: Object, **options: Any) -> Object:
        done = self._resource(wanted).server_side_apply(
            body=wanted,
            namespace=self._namespace(wanted),
            field_manager=MANAGER,
            force_conflicts=True,
            _request_timeout=ANSWER_SECONDS,
            **options,
        )
        return dict(done.to_dict())

    def _resource(self, wanted: Object) -> Any:
        assert self._dynamic is not None
        return self._dynamic.resources.get(api_version=wanted["apiVersion"], kind=wanted["kind"])

    def _namespace(self, wanted: Object) -> str:
        return str(wanted["metadata"].get("namespace", self.name))


def drift(connection: client.ApiClient) -> dict[str, list[Change]]:
    """What someone changed by hand, by the release's name. Raises FAILURES."""
    with ThreadPoolExecutor(len(CHARTS)) as pool:
        found = pool.map(lambda chart: Release(connection, chart.release).changes(), CHARTS)
        return {chart.release: changes for chart, changes in zip(CHARTS, found, strict=True)}


def differences(live: Any, wanted: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Path, live value and wanted value of each leaf that differs; None for one that is absent."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        for key in sorted({*live, *wanted}):
            yield from differences(live.get(key), wanted.get(key), f"{path}.{key}" if path else key)
    elif isinstance(live, list) and isinstance(wanted, list) and len(live) == len(wanted):
        for place, (one, other) in enumerate(zip(live, wanted, strict=True)):
            yield from differences(one, other, f"{path}[{place}]")
    elif live != wanted:
        yield path, live, wanted


def _own(found: Object) -> Object:
    """The object without what the server writes itself."""
    metadata = {key: value for key, value in found["metadata"].items() if key not in SERVERS_OWN}
    return {key: value for key, value in found.items() if key != "status"} | {"metadata": metadata}


def _shown(value: Any) -> str:
    return ABSENT if value is None else json.dumps(value)
