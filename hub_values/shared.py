"""Who may write to the shared folder: the admins, and the members of the groups that the settings name.

The hub runs this file when it starts (the chart's hub.extraConfig). Everybody else has the folder read-only
(hub_values/shared.yaml).
"""

FOLDER = "/home/jovyan/shared"
writers = c.GatewayShared  # noqa: F821


def writes(user):
    """Whether the settings, or who vouched for her, make `user` one who writes."""
    return user.name in writers.users or any(group.name in writers.groups for group in user.groups)


def writable(mount):
    """The mount; the shared folder's without its protection. Of a desktop KubeSpawner leaves a plain dict."""
    if isinstance(mount, dict):
        return {**mount, "readOnly": False} if mount["mountPath"] == FOLDER else mount
    if mount.mount_path == FOLDER:
        mount.read_only = False
    return mount


def open_for_writers(spawner, pod):
    """The pod that KubeSpawner is about to start; in a writer's, all containers may write to the folder."""
    if writes(spawner.user):
        for container in pod.spec.containers:
            container.volume_mounts = [writable(mount) for mount in container.volume_mounts or []]
    return pod


c.KubeSpawner.modify_pod_hook = open_for_writers  # noqa: F821
