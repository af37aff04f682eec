"""The settings of a gateway, as plain frozen values; components/config.py reads them from the stack's file.

Keys are camelCase in the file (`gateway:nodeGroups`), as Pulumi and Helm spell them, snake_case in Python.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

DEFAULT_WORKER = "default-worker"
"""The node group that Magnum makes with every cluster; the gateway's core runs there."""
RESERVED_GROUPS = (DEFAULT_WORKER, "default-master")

# Owned by the program. Minimum and maximum as labels would override the node group's own and can never
# change (magnum-capi-helm 1.4); the gate and the dashboard are set by MagnumCluster.
OWNED_LABELS = (
    "auto_scaling_enabled",
    "min_node_count",
    "max_node_count",
    "kube_dashboard_enabled",
    "gateway",
    "gateway_attempt",
)


def _magnum_name(value: str) -> str:
    """Magnum's Cluster API driver rewrites other names, and every selector that names them would miss."""
    if not re.fullmatch(r"[a-z0-9-]{3,}", value):
        raise PydanticCustomError(
            "name", "must be at least 3 of the characters a-z, 0-9 and '-' (Magnum would rewrite it)"
        )
    if not value[0].isalpha() or value.endswith("-"):
        raise PydanticCustomError("name", "must begin with a letter and not end with '-'")
    return value


def _matches(pattern: str, what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise PydanticCustomError("form", f"must be {what}")
        return value

    return check


MagnumName = Annotated[str, Field(max_length=30), AfterValidator(_magnum_name)]
Zone = Annotated[
    str,
    AfterValidator(
        _matches(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.){2,}", "a lower-case DNS zone that ends with '.'")
    ),
]
Email = Annotated[str, AfterValidator(_matches(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address"))]
Minutes = Annotated[int, Field(ge=1)]


class Model(BaseModel):
    """What all settings share: unknown keys are refused and values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=to_camel, validate_by_name=False
    )


class Cluster(Model):
    """The Magnum cluster, its control plane and the node group that runs the gateway's core."""

    template: str = Field(examples=["kubernetes-1-34-jammy"])
    flavor: str = Field("m3.quad", examples=["m3.quad"])
    master_flavor: str = Field("m3.quad", examples=["m3.quad"])
    masters: Literal[1, 3, 5] = Field(1, examples=[1])
    workers: int = Field(1, ge=1, examples=[1])
    labels: dict[str, str] = Field({}, examples=[{"boot_volume_size": "60"}])
    kubeconfig_generation: int = Field(1, ge=1, examples=[2])
    """Counted up to have the kubeconfig signed anew."""

    @field_validator("labels")
    @classmethod
    def _not_ours(cls, labels: dict[str, str]) -> dict[str, str]:
        if owned := sorted(set(labels) & set(OWNED_LABELS)):
            raise PydanticCustomError("label", f"must not hold {', '.join(owned)}: the program sets it")
        return labels


class NodeGroup(Model):
    """A group of equal nodes for users; it scales by itself where min < max."""

    name: MagnumName = Field(examples=["mediums"])
    flavor: str = Field(examples=["m3.medium"])
    min: int = Field(1, ge=1, examples=[1])
    max: int = Field(examples=[20])

    @field_validator("name")
    @classmethod
    def _free(cls, name: str) -> str:
        if name in RESERVED_GROUPS:
            raise PydanticCustomError("name", "is a node group that Magnum makes by itself; choose another")
        return name

    @field_validator("max")
    @classmethod
    def _ordered(cls, maximum: int, info: ValidationInfo) -> int:
        minimum = info.data.get("min", 1)
        if maximum < minimum:
            raise PydanticCustomError("max", f"must be at least min ({minimum})")
        return maximum


class Network(Model):
    """Neutron's names: where floating IPs come from, and where the nodes are."""

    public: str = Field("public", examples=["public"])
    fixed: str = Field("auto_allocated_network", examples=["auto_allocated_network"])
    subnet: str = Field("auto_allocated_subnet_v4", examples=["auto_allocated_subnet_v4"])


class Certificates(Model):
    """How the gateway gets its certificate."""

    email: Email = Field(examples=["gateway-ops@your-university.edu"])
    acme: Literal["production", "staging"] = Field("production", examples=["staging"])
    on_control_plane: bool = Field(False, examples=[True])
    """Run cert-manager on the control plane: where workers can't reach the floating IP, self-checks fail."""


class Storage(Model):
    """Where homes live: `home` is a Cinder volume a user, `none` is lost with the pod."""

    type: Literal["none", "home"] = Field("home", examples=["home"])
    class_: str = Field("default", alias="class", examples=["default"])
    size_gib: int = Field(10, ge=1, examples=[10])


class Hub(Model):
    """JupyterHub: who may log in, what they may start and where it runs."""

    authenticator: Literal["shared-password"] = Field("shared-password", examples=["shared-password"])
    admins: list[str] = Field(min_length=1, examples=[["admin1"]])
    users: list[str] = Field([], examples=[["user1", "user2"]])
    node_group: str | None = Field(None, examples=["mediums"])
    """The node group of the users' pods; the first one where none is named."""
    desktops: list[str] | None = Field(None, examples=[["idv", "cave"]])
    """Names of hub_values/desktops.yaml; all of them where none is named."""
    placeholders: int = Field(0, ge=0, examples=[1])
    """Pods that keep room for this many desktops, so that a login need not wait for a node."""
    storage: Storage = Storage()


def _expanded(value: str) -> str:
    """`value` with $NAME replaced by environment variables, for what differs from machine to machine."""
    expanded = os.path.expandvars(value)
    if "$" in expanded:
        raise PydanticCustomError("variable", "must name environment variables that are set")
    return expanded


Expanded = Annotated[str, AfterValidator(_expanded)]


class Images(Model):
    """Where the images come from: published ones, or built from docker/ and pushed to a registry."""

    registry: Expanded | None = Field(None, examples=["quay.io/your-organization"])
    """Host and path that built images are pushed to, or an environment variable that holds them."""
    registry_user: str | None = Field(None, examples=["your-organization+robot"])
    build: list[str] = Field([], examples=[["hawkeye"]])
    """Folders of docker/ to build and push; the other images stay published ones."""
    build_args: dict[str, Expanded] = Field({}, examples=[{"BASE": "debian:12"}])

    @field_validator("build")
    @classmethod
    def _pushed(cls, build: list[str], info: ValidationInfo) -> list[str]:
        if build and not info.data.get("registry"):
            raise PydanticCustomError("build", "needs gateway:images.registry to push what it builds")
        return build


class Timeouts(Model):
    """Minutes after which a step is given up; generous, since a first cluster took 2.5 h on Jetstream2."""

    cluster: Minutes = Field(240, examples=[240])
    node_group: Minutes = Field(60, examples=[60])
    chart: Minutes = Field(15, examples=[15])
    certificate: Minutes = Field(15, examples=[15])


class Settings(Model):
    """All settings of one gateway, but for its secrets."""

    name: MagnumName = Field(examples=["gw25"])
    zone: Zone = Field(examples=["abc123456.projects.jetstream-cloud.org."])
    cluster: Cluster = Field(examples=[{"template": "kubernetes-1-34-jammy"}])
    node_groups: list[NodeGroup] = Field(
        min_length=1, examples=[[{"name": "mediums", "flavor": "m3.medium", "min": 1, "max": 20}]]
    )
    network: Network = Network()
    certificates: Certificates = Field(examples=[{"email": "gateway-ops@your-university.edu"}])
    hub: Hub = Field(examples=[{"admins": ["admin1"]}])
    images: Images = Images()
    charts: str | None = Field(None, examples=["./mirror"])
    """A folder that holds all charts by name, in place of their repositories."""
    timeouts: Timeouts = Timeouts()
    protect: bool = Field(False, examples=[True])
    """Refuse to destroy or replace cluster, hub and address."""
    keep: list[Literal["address", "homes"]] = Field([], examples=[["address", "homes"]])
    """What outlives `pulumi destroy`, for the next `pulumi up` to take up."""

    @property
    def fqdn(self) -> str:
        """The gateway's host name, without the final dot."""
        return f"{self.name}.{self.zone}".removesuffix(".")

    @property
    def flavors(self) -> dict[str, str]:
        """The flavor that each key of these settings names."""
        groups = {f"nodeGroups[{i}].flavor": group.flavor for i, group in enumerate(self.node_groups)}
        own = {"cluster.flavor": self.cluster.flavor, "cluster.masterFlavor": self.cluster.master_flavor}
        return own | groups

    @property
    def user_group(self) -> NodeGroup:
        """The node group that the users' pods run on."""
        wanted = self.hub.node_group or self.node_groups[0].name
        return next(group for group in self.node_groups if group.name == wanted)

    @field_validator("node_groups")
    @classmethod
    def _distinct(cls, groups: list[NodeGroup]) -> list[NodeGroup]:
        names = [group.name for group in groups]
        if len(set(names)) < len(names):
            raise PydanticCustomError("names", "must have names that differ")
        return groups

    @field_validator("keep")
    @classmethod
    def _there(cls, keep: list[str], info: ValidationInfo) -> list[str]:
        hub = info.data.get("hub")
        if "homes" in keep and hub is not None and hub.storage.type == "none":
            raise PydanticCustomError(
                "keep", "can't hold homes where gateway:hub.storage.type is none: they are lost with the pod"
            )
        return keep

    @model_validator(mode="after")
    def _known_group(self) -> Self:
        names = [group.name for group in self.node_groups]
        if self.hub.node_group is not None and self.hub.node_group not in names:
            raise PydanticCustomError(
                "hub.nodeGroup",
                "gateway:hub.nodeGroup must be one of gateway:nodeGroups ({names})",
                {"names": ", ".join(names)},
            )
        return self
