"""What a cluster should be and how far it is: the files between Magnum's driver and the controller."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from sandbox import layout

CLUSTER_S = 600
"""Seconds until a new cluster is complete on the real cloud (published: about 10 minutes)."""
NODE_S = 300
"""Seconds until a new worker joins on the real cloud (published: about 5 minutes)."""
SCALE_DOWN_S = 600
"""Seconds for which a node must be empty before the autoscaler removes it (its default)."""

NODE_GROUP_LABEL = "capi.stackhpc.com/node-group"
KUBERNETES_VERSION = "v1.34.2"
"""The one version that the sandbox runs, whatever a template asks for."""


def sanitized(name: str) -> str:
    """`name` as the real driver spells it: lower case, anything else than [a-z0-9] becomes `-`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def findable(stack_id: str, component: str) -> bool:
    """Whether the real driver finds a component's object again under the name that its chart gave it.

    The chart cuts the name (`openstack-cluster.componentName` of capi-helm-charts); the driver sanitizes it
    instead (`get_k8s_resource_name`), and waits for ever for the object of a name that differs.
    """
    whole = f"{stack_id}-{component}"
    return whole[:63].removesuffix("-") == sanitized(whole)


class NodeGroup(BaseModel):
    """One node group as its machines should be; sizes in MiB and GiB."""

    uuid: str
    name: str
    """Sanitized: the value of the node label."""
    role: str
    flavor: str
    vcpus: int
    ram_mib: int
    disk_gib: int
    count: int
    minimum: int
    maximum: int
    autoscaled: bool
    ready_at: float
    """Unix time before which none of its first nodes joins."""

    @property
    def least(self) -> int:
        """How many nodes it must have; an autoscaled group starts there."""
        return self.minimum if self.autoscaled else self.count

    @property
    def control_plane(self) -> bool:
        """Whether it holds the control plane."""
        return self.role == "master"


class Cluster(BaseModel):
    """One cluster as Magnum wants it."""

    uuid: str
    name: str
    stack_id: str
    project_id: str
    user_id: str
    image_id: str
    network: str
    boot_volume_gib: int = 0
    volume_reclaim: Literal["Retain", "Delete"] = "Retain"
    autoscaling: bool = False
    real_nodes: int = 0
    """How many nodes of each worker group are kubelets; kwok plays the others."""
    fault: str | None = None
    failure: str | None = None
    """Why the last operation failed; none while it may still succeed."""
    deleting: bool = False
    groups: dict[str, NodeGroup] = Field(default_factory=dict)
    """By UUID of the node group."""

    @property
    def folder(self) -> Path:
        """Where all of this cluster lies."""
        return folder(self.uuid)

    @property
    def api_port(self) -> int:
        """The loopback port of its API server."""
        return layout.port(f"{self.stack_id}-api")


class GroupStatus(BaseModel):
    """How far a node group is."""

    machines: int = 0
    ready: int = 0
    addresses: list[str] = Field(default_factory=list)
    error: str | None = None


class Status(BaseModel):
    """What the controller has reached, by UUID of the node group."""

    groups: dict[str, GroupStatus] = Field(default_factory=dict)


class Credential(BaseModel):
    """The cluster's own application credential."""

    id: str
    secret: str


def folder(uuid: str) -> Path:
    """The folder of the cluster `uuid`; it exists as long as the cluster does."""
    return layout.RUN / "clusters" / uuid


def uuids() -> list[str]:
    """All clusters of this sandbox."""
    return [path.parent.name for path in sorted((layout.RUN / "clusters").glob("*/cluster.json"))]


def write(path: Path, model: BaseModel) -> None:
    """Write `model` so that a reader never sees half of it, and no other user sees any of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(model.model_dump_json(indent=1))
    draft.replace(path)


def load(uuid: str) -> Cluster:
    """The cluster `uuid`; FileNotFoundError when there is none."""
    return Cluster.model_validate_json((folder(uuid) / "cluster.json").read_text())


def save(cluster: Cluster) -> None:
    """Write the cluster down."""
    write(cluster.folder / "cluster.json", cluster)


@contextmanager
def edit(uuid: str) -> Iterator[Cluster]:
    """Change the cluster `uuid` while nobody else does."""
    with layout.locked(folder(uuid) / "cluster"):
        cluster = load(uuid)
        yield cluster
        save(cluster)


def status(uuid: str) -> Status:
    """What the controller of `uuid` has told so far."""
    path = folder(uuid) / "status.json"
    return Status.model_validate_json(path.read_text()) if path.exists() else Status()


def credential(uuid: str) -> Credential | None:
    """The application credential of `uuid`, if it was made."""
    path = folder(uuid) / "credential.json"
    return Credential.model_validate_json(path.read_text()) if path.exists() else None


def forget(uuid: str) -> None:
    """Remove all that is kept of the cluster `uuid`."""
    shutil.rmtree(folder(uuid), ignore_errors=True)
