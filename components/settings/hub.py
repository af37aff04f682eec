"""The settings of JupyterHub: who may log in, what they may start, where homes are, what images come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from components.settings.types import Change, Expanded, Model, Names, Reference, Registry, Users
from components.site import SITE


class Storage(Model):
    """Where users' homes are."""

    type: Annotated[Literal["none", "home"], Change.HUB] = "home"
    """`home` gives each user a Cinder volume. With `none` everything is lost when the server stops. `none` is
    refused while there are homes."""
    class_: Annotated[str, Change.REFUSED] = Field(SITE.storage_class, alias="class")
    """Storage class of the homes and of the hub's database. Kubernetes can't change that of a claim."""
    size_gib: Annotated[int, Change.HUB] = Field(10, ge=1)
    """GiB of a home. Smaller homes grow, which is refused where their storage class does not let them; larger
    ones stay as they are."""


class Hub(Model):
    """JupyterHub: who may log in, what they may start and where it runs."""

    admins: Annotated[Users, Change.HUB] = Field(min_length=1, examples=[["admin1"]])
    """Names of the users who may administer the hub."""
    users: Annotated[Users, Change.HUB] = Field([], examples=[["user1", "user2"]])
    """Names of the other users who may log in, beside those whom `gateway:auth` lets in. Removing one ends
    her session and server; her home stays."""
    node_group: Annotated[str | None, Change.HUB] = Field(None, examples=["mediums"])
    """The node group that runs users' servers; the first of `gateway:nodeGroups` where none is named."""
    desktops: Annotated[Names | None, Change.HUB] = Field(None, examples=[["idv", "cave"]])
    """Desktops of hub_values/desktops.yaml that users may start; all of them where none is named."""
    placeholders: Annotated[int, Change.HUB] = Field(0, ge=0, examples=[1])
    """Keep room for this many more desktops, so that a login need not wait for a new node."""
    storage: Storage = Storage()


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
