"""The settings of JupyterHub: who may log in, what they may start, where homes are, what images come from."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from components.settings.types import (
    Change,
    Cron,
    Expanded,
    Form,
    Model,
    Names,
    Reference,
    Registry,
    TimeZone,
    Users,
    once,
)
from components.site import SITE

SHORT = Form(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?", "be at most 30 of a-z, 0-9 and '-'")
"""The form of a name that becomes part of a form's keys, or of a name in Kubernetes."""


class Storage(Model):
    """Where users' homes are."""

    type: Annotated[Literal["none", "home", "nfs"], Change.HUB] = "home"
    """`home` gives each user a Cinder volume, `nfs` a folder with a quota on one volume of all. With `none`
    everything is lost when the server stops. Another type is refused while there are homes."""
    class_: Annotated[str, Change.REFUSED] = Field(SITE.storage_class, alias="class")
    """Storage class of the homes and of the hub's database. Kubernetes can't change that of a claim."""
    size_gib: Annotated[int, Change.HUB] = Field(10, ge=1)
    """GiB of a home. Smaller homes grow, which is refused where their storage class does not let them; larger
    ones stay as they are. With `nfs` it is the quota of each."""
    volume_gib: Annotated[int | None, Change.IN_PLACE] = Field(None, examples=[500])
    """GiB of the volume that has all homes. It can grow."""

    @field_validator("volume_gib")
    @classmethod
    def _of_all(cls, volume_gib: int | None, info: ValidationInfo) -> int | None:
        """With `nfs` required, and at least `sizeGib`; no other type has it."""
        home = info.data.get("size_gib", 1)
        if volume_gib is not None and info.data.get("type", "nfs") != "nfs":
            text = "is for gateway:hub.storage.type nfs; remove it, or choose that type"
            raise PydanticCustomError("volume", text)
        if volume_gib is not None and volume_gib < home:
            text = "must be at least {home}, what each home may hold (gateway:hub.storage.sizeGib)"
            raise PydanticCustomError("volume", text, {"home": home})
        return volume_gib

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.type == "nfs" and self.volume_gib is None:
            text = "needs volumeGib where its type is nfs: the GiB of the volume that has all homes"
            raise PydanticCustomError("volume", text)
        return self


class Shared(Model):
    """The folder `shared` in every user's home, for class material. Its files outlive pods, as homes do."""

    size_gib: Annotated[int, Change.IN_PLACE] = Field(ge=1, examples=[50])
    """GiB that it may hold. It can grow."""
    writers: Annotated[Names, Change.HUB] = Field([], examples=[["staff"]])
    """Groups of `gateway:hub.groups` whose members write to it, beside `gateway:hub.admins`; with `oidc` also
    the issuer's groups of these names. Everybody else reads."""


class Backup(Model):
    """Snapshots of all homes, on a schedule. A change of a home after its last snapshot is not in any."""

    schedule: Annotated[Cron, Change.IN_PLACE] = Field("0 3 * * *", examples=["0 3 * * 1-5"])
    """When, as cron has it: minute, hour, day, month, weekday. Without `backup` there are no snapshots."""
    zone: Annotated[TimeZone, Change.IN_PLACE] = Field("UTC", examples=["America/Denver"])
    """The time zone of `schedule`."""
    keep: Annotated[int, Change.IN_PLACE] = Field(7, ge=1)
    """How many snapshots of each home stay; older ones are deleted. Cinder counts each, with the size of its
    home, against the project's quota."""


class Place(Model):
    """On which nodes a server runs."""

    node_group: Annotated[str | None, Change.HUB] = Field(None, examples=["larges"])
    """The node group that it runs on; that of `gateway:hub.nodeGroup` where none is named."""
    gpus: Annotated[int | None, Change.HUB] = Field(None, ge=0, examples=[1])
    """GPUs that it gets. The node group's flavor must have them (components/site.yaml), and the cluster the
    device plugin that offers them to pods, which you install (NVIDIA's GPU operator)."""


class ServerSize(Place):
    """One size of a profile's servers. What it does not say of nodes and GPUs, its profile says."""

    name: Annotated[str, AfterValidator(SHORT), Change.HUB] = Field(examples=["large"])
    """What users choose it by. The first size is chosen already."""
    cpu: Annotated[float, Change.HUB] = Field(gt=0, examples=[14])
    """CPUs of the desktop; of JupyterLab where the profile has no desktop."""
    # What the volumes in memory of hub_values/base.yaml may take, and 1 GiB for a desktop's processes.
    memory_gib: Annotated[float, Change.HUB] = Field(ge=4, examples=[54])
    """GiB of memory of the same."""


class Profile(Place):
    """Where the servers of a profile run, how large they are, and who may start them."""

    # A hub's page sorts them by keys that begin with one digit.
    sizes: list[ServerSize] = Field(
        [], max_length=9, examples=[[{"name": "small", "cpu": 2, "memoryGib": 8}]]
    )
    groups: Annotated[Names, Change.HUB] = Field([], examples=[["staff"]])
    """Only the members of these groups of `gateway:hub.groups` may start it, and with `oidc` the members of
    the issuer's groups of these names; everybody where none is named."""

    @field_validator("sizes")
    @classmethod
    def _distinct(cls, sizes: list[ServerSize]) -> list[ServerSize]:
        """Each by another name."""
        once([size.name for size in sizes])
        return sizes


class Limits(Model):
    """When the hub stops a server, and how many may run."""

    idle_minutes: Annotated[int, Change.HUB] = Field(60, ge=2)
    """Stop a server that was not used for so long. A key, the pointer in a desktop, JupyterLab in a visible
    tab and a computation are use; a page that is open and a picture that moves are not."""
    warn_minutes: Annotated[int | None, Change.HUB] = Field(None, ge=1, examples=[10])
    """Say so in a desktop's page this long before; a sixth of `idleMinutes` where nothing is named."""
    busy_cpus: Annotated[float, Change.HUB] = Field(0.5, gt=0)
    """Programs that use so many CPUs on average over a minute are a computation, and so is an animation that
    takes as much."""
    max_hours: Annotated[int, Change.HUB] = Field(12, ge=0)
    """Stop a server that has run for so long, used or not; 0 for never."""
    servers: Annotated[int | None, Change.HUB] = Field(None, ge=1, examples=[30])
    """So many servers run at once at most, of all users together; any number where none is named. A user has
    one."""
    starts: Annotated[int, Change.HUB] = Field(64, ge=1)
    """So many servers start at once at most. Who comes then is asked to try again soon."""

    @field_validator("warn_minutes")
    @classmethod
    def _before(cls, minutes: int | None, info: ValidationInfo) -> int | None:
        """Less than `idleMinutes`."""
        idle = info.data.get("idle_minutes")
        if minutes is not None and idle is not None and minutes >= idle:
            raise PydanticCustomError("warn", "must be less than idleMinutes")
        return minutes

    @property
    def warn_seconds(self) -> int:
        """Seconds between the warning and the end."""
        return 60 * self.warn_minutes if self.warn_minutes else max(60, self.idle_minutes * 10)


class Hub(Model):
    """JupyterHub: who may log in, what they may start and where it runs."""

    admins: Annotated[Users, Change.HUB] = Field(min_length=1, examples=[["admin1"]])
    """Names of the users who may administer the hub."""
    users: Annotated[Users, Change.HUB] = Field([], examples=[["user1", "user2"]])
    """Names of the other users who may log in, beside those whom `gateway:auth` lets in. Removing one ends
    her session and server; her home stays."""
    node_group: Annotated[str | None, Change.HUB] = Field(None, examples=["mediums"])
    """The node group that runs users' servers; the first of `gateway:nodeGroups` where none is named."""
    groups: Annotated[dict[str, Users], Change.HUB] = Field({}, examples=[{"staff": ["admin1"]}])
    """Groups of users, for `profiles`."""
    desktops: Annotated[Names | None, Change.HUB] = Field(None, examples=[["idv", "cave"]])
    """Desktops of hub_values/desktops.yaml that users may start; all of them where none is named."""
    profiles: dict[str, Profile] = Field({}, examples=[{"compute": {"nodeGroup": "larges"}}])
    storage: Storage = Storage()
    shared: Shared | None = None
    backup: Backup | None = None
    limits: Limits = Limits()

    @field_validator("backup")
    @classmethod
    def _of_homes(cls, backup: Backup | None, info: ValidationInfo) -> Backup | None:
        """Needs homes that are volumes of their own."""
        storage = info.data.get("storage")
        if backup is not None and storage is not None and storage.type == "none":
            text = "needs homes, and gateway:hub.storage.type is none: files are lost with the pod"
            raise PydanticCustomError("backup", text)
        if backup is not None and storage is not None and storage.type == "nfs":
            text = "is for gateway:hub.storage.type home; with nfs take snapshots of the one volume yourself"
            raise PydanticCustomError("backup", text)
        return backup

    @property
    def files_gib(self) -> int:
        """GiB of the file server's volume; 0: no setting needs the server."""
        return (self.storage.volume_gib or 0) + (self.shared.size_gib if self.shared else 0)


class Images(Model):
    """Where the images come from: built from docker/ and pushed to a registry, or published already."""

    registry: Annotated[Registry | None, Change.HUB] = Field(None, examples=["quay.io/your-organization"])
    """Host and path that built images are pushed to."""
    registry_user: Annotated[str | None, Change.HUB] = Field(
        None, min_length=1, examples=["your-organization+robot"]
    )
    """Who pushes, and who pulls in the cluster. The password is `gateway:registryPassword`."""
    build: Annotated[Names, Change.HUB] = Field([], examples=[["hawkeye"]])
    """Folders of docker/ to build and push. The other images must be published."""
    build_args: Annotated[dict[str, Expanded], Change.HUB] = Field(
        {}, examples=[{"IDV_URL": "https://downloads.your-university.edu/idv.tar.gz"}]
    )
    """Build arguments for all of them: the `ARG`s of docker/*/Dockerfile."""
    published: Annotated[dict[str, Reference], Change.HUB] = Field(
        {}, examples=[{"hawkeye": "quay.io/your-organization/hawkeye:1.0.0"}]
    )
    """Images that are published already, by folder of docker/. One that is also in `build` is built."""

    @field_validator("registry_user")
    @classmethod
    def _somewhere(cls, user: str | None, info: ValidationInfo) -> str | None:
        """Needs `gateway:images.registry`."""
        if user and info.data.get("registry", "wrong") is None:
            raise PydanticCustomError("user", "needs gateway:images.registry to log in to")
        return user

    @field_validator("build")
    @classmethod
    def _pushed(cls, build: list[str], info: ValidationInfo) -> list[str]:
        """Needs `gateway:images.registry`."""
        if build and info.data.get("registry", "wrong") is None:
            raise PydanticCustomError("build", "needs gateway:images.registry to push what it builds")
        return build
