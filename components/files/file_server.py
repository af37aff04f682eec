"""FileServer: 2i2c's NFS server in the cluster, and a Cinder volume that outlives the cluster."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes import core
from pulumi_openstack import blockstorage

from components.charts.install import ChartSource, install
from components.charts.versions import HOME_NFS
from components.cloud.ownership import FILES, HOMES, SHARED
from components.cloud.survey import Survey
from components.cluster.magnum_cluster import MagnumCluster
from components.cluster.nodegroup import node_selector
from components.files.address import cluster_ip
from components.settings.hub import Hub
from components.settings.model import DEFAULT_WORKER, Settings

CLAIM = "gateway-files"
"""The claim in the hub's namespace, which hub_values/shared.yaml and hub_values/storage/nfs.yaml name."""
SHARED_FOLDER = "_shared"
"""On the volume, beside the homes. hub_values/shared.yaml names it, too; no user's folder begins with `_`."""
SERVICE = "home-nfs"
"""As the chart calls it."""
WHOLE = "1Mi"
"""A size that Kubernetes asks for, and nobody holds to: the volume has its own, and each folder a quota."""
MOUNT = [
    "vers=4.1",
    # A server that starts again is waited for; with `soft` what was being written then would be lost.
    "hard",
    "timeo=600",
    "retrans=2",
    "rsize=1048576",
    "wsize=1048576",
    # Another port after a broken connection, else the old one would have to be waited for.
    "noresvport",
]
"""What zonca and 2i2c mount such a server with."""


@dataclass(frozen=True, kw_only=True)
class FileServerArgs:
    """Arguments of a FileServer."""

    settings: Settings
    survey: Survey
    cluster: MagnumCluster
    charts: ChartSource


class FileServer(pulumi.ComponentResource):
    """The chart with its volume, which no cluster owns: one that replaces another goes on with it.

    On the way down the server ends first. With `homes` in `gateway:keep` the volume stays, and the next `up`
    takes it back.
    """

    address: pulumi.Output[str]
    """Of the server, inside the cluster. Nodes know no names of Services."""
    release: pulumi.Resource
    """The server: what mounts its files must end before it, or would wait for it for ever."""
    provider: kubernetes.Provider
    """Of the cluster that it is in."""

    def __init__(self, name: str, args: FileServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:FileServer", name, None, opts)
        self.provider = args.cluster.provider
        volume = self._volume(name, args)
        installed = install(
            self,
            name,
            chart=HOME_NFS,
            source=args.charts,
            cluster=args.cluster,
            values=file_server_values(args.settings.hub, volume.id),
        )

        self.release = installed.release

        async def look(known: list[Any]) -> str:
            # In a thread, so that other resources go on meanwhile.
            return await asyncio.to_thread(cluster_ip, str(known[0]), HOME_NFS.release, SERVICE)

        # Not before Helm and the repair have done their work.
        found: pulumi.Output[str] = pulumi.Output.all(
            args.cluster.kubeconfig, installed.release.status.revision, installed.healed
        ).apply(look)
        self.address = pulumi.Output.unsecret(found)  # the kubeconfig would make a secret of it
        self.register_outputs({"address": self.address})

    def _volume(self, name: str, args: FileServerArgs) -> blockstorage.Volume:
        hub = args.settings.hub
        return blockstorage.Volume(
            f"{name}-volume",
            name=f"{args.settings.name}-files",
            size=hub.files_gib,
            enable_online_resize=True,
            metadata={**args.survey.owner.marks, FILES: HOMES if hub.storage.type == "nfs" else SHARED},
            opts=pulumi.ResourceOptions(
                parent=self,
                # It is deleted before the cluster, and so before the audit looks.
                depends_on=[args.cluster],
                delete_before_replace=True,
                # One that was kept. The engine then changes what is different: it grows in the same `up`.
                import_=args.survey.files,
                retain_on_delete="homes" in args.settings.keep,
            ),
        )


def claim(
    name: str, server: FileServer, namespace: core.v1.Namespace, parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """The volume and the claim by which pods of `namespace` have what the server serves.

    They go with the namespace: before it, Kubernetes would wait for the users' pods, which end with it. Where
    the settings want no file server any more, it does wait for the servers that are still running.
    """
    options = pulumi.ResourceOptions(
        parent=parent,
        provider=server.provider,
        delete_before_replace=True,
        deleted_with=namespace,
    )
    # Any: to match such literals with the SDK's types takes mypy minutes and gigabytes.
    spec: Any = {
        "capacity": {"storage": WHOLE},
        "access_modes": ["ReadWriteMany"],
        "persistent_volume_reclaim_policy": "Retain",
        # Else the cluster's default class would provide for the claim.
        "storage_class_name": "",
        "mount_options": MOUNT,
        "nfs": {"server": server.address, "path": "/"},
        "claim_ref": {"namespace": namespace.metadata.name, "name": CLAIM},
    }
    # The engine makes its name: one that is left, and still bound to a former claim, is then no obstacle.
    unnamed: Any = {}
    volume = core.v1.PersistentVolume(f"{name}-nfs", metadata=unnamed, spec=spec, opts=options)
    meta: Any = {"name": CLAIM, "namespace": namespace.metadata.name}
    wants: Any = {
        "access_modes": ["ReadWriteMany"],
        "storage_class_name": "",
        "volume_name": volume.metadata.name,
        "resources": {"requests": {"storage": WHOLE}},
    }
    return [volume, core.v1.PersistentVolumeClaim(f"{name}-claim", metadata=meta, spec=wants, opts=options)]


def file_server_values(hub: Hub, volume: pulumi.Input[str]) -> dict[str, Any]:
    """The chart's values. volume: id of the Cinder volume."""
    shared = {SHARED_FOLDER: hub.shared.size_gib} if hub.shared else {}
    quota = {
        "paths": ["/export"],
        "hard_quota": hub.storage.size_gib,
        "quota_overrides": shared,
        # All that is written is the user's of the images, whatever a client says who it is.
        "uid": 1000,
        "gid": 100,
    }
    return {
        "fullnameOverride": "",
        "openstack": {"enabled": True, "volumeId": volume},
        "quotaEnforcer": {"config": {"QuotaManager": quota}},
        # Without a request it would be the first that a node in need ends.
        "nfsServer": {"resources": {"requests": {"cpu": "100m", "memory": "256Mi"}}},
        "nodeSelector": node_selector(DEFAULT_WORKER),
    }
