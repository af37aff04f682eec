"""The settings of a gateway, with their defaults and rules. `load.py` reads them from the stack's file.

Keys are camelCase in the file (`gateway:nodeGroups`), as Pulumi and Helm spell them, snake_case in Python.
docs/settings.md and the schema in Pulumi.yaml are generated from here (`make docs`).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from components.settings.auth import Auth
from components.settings.auth.passwords import Native, SharedPassword
from components.settings.extras.monitoring import Monitoring
from components.settings.hub import Hub, Images
from components.settings.schedule import Workshop, by_name
from components.settings.types import Change, Email, MagnumName, Model, Timeouts, Zone, once, room_for_group
from components.site import SITE

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
    "gateway_stack",
    "gateway_attempt",
)


class Cluster(Model):
    """The Magnum cluster, its control plane and the node group that runs the gateway's core."""

    template: Annotated[str, Change.FOLLOWS] = Field(examples=["kubernetes-1-34-jammy"])
    """Name of the cluster template. `openstack coe cluster upgrade` gives a cluster another one."""
    flavor: Annotated[str, Change.REFUSED] = SITE.flavor
    """Flavor of the core's nodes."""
    master_flavor: Annotated[str, Change.REFUSED] = SITE.flavor
    """Flavor of the control plane's nodes."""
    masters: Annotated[Literal[1, 3, 5], Change.REFUSED] = 1
    """Nodes of the control plane."""
    workers: Annotated[int, Change.FOLLOWS] = Field(1, ge=1)
    """Nodes of the core. `openstack coe cluster resize` gives a cluster another number."""
    labels: Annotated[dict[str, str], Change.REFUSED] = Field({}, examples=[{"boot_volume_size": "60"}])
    """Labels of the cluster, over those of its template. A label taken away stays with a running cluster."""
    kubeconfig_generation: Annotated[int, Change.IN_PLACE] = Field(1, ge=1, examples=[2])
    """Count it up to have the kubeconfig signed again. The old one stays valid until it expires."""

    @field_validator("labels")
    @classmethod
    def _not_ours(cls, labels: dict[str, str]) -> dict[str, str]:
        """No label that the program sets itself."""
        if owned := sorted(set(labels) & set(OWNED_LABELS)):
            raise PydanticCustomError("label", f"must not hold {', '.join(owned)}: the program sets it")
        return labels


class NodeGroup(Model):
    """A group of equal nodes for users. Between `min` and `max` nodes the cluster's autoscaler decides."""

    name: Annotated[MagnumName, Change.REPLACED] = Field(examples=["mediums"])
    """Name of the group, unique in the cluster."""
    flavor: Annotated[str, Change.REPLACED] = Field(examples=["m3.medium"])
    """Flavor of its nodes. Every enabled desktop must fit one node."""
    min: Annotated[int, Change.IN_PLACE] = Field(1, ge=1)
    """Nodes at least. Magnum refuses more than the group has: first
    `openstack coe cluster resize --nodegroup GROUP CLUSTER COUNT`."""
    max: Annotated[int, Change.IN_PLACE] = Field(examples=[20])
    """Nodes at most."""

    @field_validator("name")
    @classmethod
    def _free(cls, name: str) -> str:
        """Not `default-worker` or `default-master`, which Magnum makes itself."""
        if name in RESERVED_GROUPS:
            raise PydanticCustomError("name", "is a node group that Magnum makes by itself; choose another")
        return name

    @field_validator("max")
    @classmethod
    def _ordered(cls, maximum: int, info: ValidationInfo) -> int:
        """At least `min`."""
        minimum = info.data.get("min", 1)
        if maximum < minimum:
            raise PydanticCustomError("max", f"must be at least min ({minimum})")
        return maximum


class Network(Model):
    """Names of networks in Neutron."""

    public: Annotated[str, Change.REFUSED] = SITE.public
    """The external network that the gateway's floating IP comes from."""
    fixed: Annotated[str, Change.REFUSED] = SITE.fixed
    """The network that the nodes are in."""
    subnet: Annotated[str, Change.REFUSED] = SITE.subnet
    """The subnet that the nodes are in."""


class Certificates(Model):
    """How the gateway gets its TLS certificate."""

    email: Annotated[Email, Change.IN_PLACE] = Field(examples=["gateway-ops@your-university.edu"])
    """Contact of the account with Let's Encrypt, which refuses example.org."""
    acme: Annotated[Literal["production", "staging"], Change.HUB] = Field("production", examples=["staging"])
    """Let's Encrypt's server. Browsers do not trust `staging`, whose rate limits are far higher. Another one
    issues a new certificate."""
    on_control_plane: Annotated[bool, Change.IN_PLACE] = Field(False, examples=[True])
    """Run cert-manager on the control plane. Set it where workers can't reach the floating IP, so that
    cert-manager's self-check fails."""


class Renamed(Model):
    """Another name of the stack that owns the gateway, which the cloud still knows by its former one."""

    from_: Annotated[str, Change.NEXT_UP] = Field(alias="from", examples=["gateway/dev"])
    """The name that the cloud knows, as `pulumi up` says it when it refuses."""
    to: Annotated[str, Change.NEXT_UP] = Field(examples=["gateway/prod"])
    """The name of this stack. In a stack of another name the whole setting does nothing."""


class Settings(Model):
    """The gateway as a whole."""

    name: Annotated[MagnumName, Change.ANOTHER] = Field(examples=["gw25"])
    """Name of the gateway, of its cluster, and of its host in the zone."""
    zone: Annotated[Zone, Change.ANOTHER] = Field(examples=[SITE.zone])
    """The project's DNS zone in Designate."""
    environment: Annotated[Literal["development", "production"], Change.NEXT_UP] = Field(
        "development", examples=["production"]
    )
    """`production` refuses what is for demonstrations only: a password that users share."""
    cluster: Cluster = Field(examples=[{"template": "kubernetes-1-34-jammy"}])
    node_groups: list[NodeGroup] = Field(
        min_length=1, examples=[[{"name": "mediums", "flavor": "m3.medium", "min": 1, "max": 20}]]
    )
    network: Network = Network()
    ingress: Annotated[Literal["nginx", "traefik"], Change.INGRESS] = Field("nginx", examples=["traefik"])
    """The ingress controller. `nginx`, the paper's, is retired and gets no fixes; `traefik` is maintained."""
    certificates: Certificates = Field(examples=[{"email": "gateway-ops@your-university.edu"}])
    auth: Auth = Field(
        examples=[{"type": "github", "clientId": "Iv23liAbCdEfGhIjKlMn", "organizations": ["our-lab"]}]
    )
    """How users log in."""
    hub: Hub = Field(examples=[{"admins": ["admin1"]}])
    seats: Annotated[int, Change.HUB] = Field(0, ge=0, examples=[3])
    """Keep room for this many more desktops, so that a login need not wait for a new node."""
    schedule: Annotated[list[Workshop], AfterValidator(by_name)] = Field([], examples=[[{"name": "spring"}]])
    monitoring: Monitoring = Monitoring()
    images: Images = Images()
    charts: Annotated[str | None, Change.IN_PLACE] = Field(None, examples=["./mirror"])
    """A folder that holds all charts by name, in place of their repositories."""
    timeouts: Timeouts = Timeouts()
    budget: Annotated[int, Change.NEXT_UP] = Field(0, ge=0, examples=[20000])
    """Service units that the gateway may cost in a month; 0 sets no limit. `pulumi up` refuses a gateway that
    costs more at its minimum, and warns where it would at its maximum, and where less is left of the cloud's
    allocation. Nothing is switched off."""
    protect: Annotated[bool, Change.NEXT_UP] = Field(False, examples=[True])
    """Refuse `pulumi destroy`, and whatever would replace cluster, hub or address."""
    keep: Annotated[list[Literal["address", "homes"]], AfterValidator(once), Change.NEXT_UP] = Field(
        [], examples=[["address", "homes"]]
    )
    """What `pulumi destroy` leaves, for the next `pulumi up` to take back. `homes` has the shared folder,
    too."""
    renamed: Renamed | None = None

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
    def _distinct(cls, groups: list[NodeGroup], info: ValidationInfo) -> list[NodeGroup]:
        """Each by another name, short enough for Magnum."""
        names = [group.name for group in groups]
        if len(set(names)) < len(names):
            raise PydanticCustomError("names", "must have names that differ")
        room = room_for_group(info.data.get("name", ""))
        if max(map(len, names)) > room:
            rule = "must have names of at most {room} characters beside this gateway:name"
            raise PydanticCustomError("names", rule, {"room": room})
        return groups

    @field_validator("keep")
    @classmethod
    def _there(cls, keep: list[str], info: ValidationInfo) -> list[str]:
        """No `homes` where `gateway:hub.storage.type` is `none` and there is no `gateway:hub.shared`."""
        hub = info.data.get("hub")
        if "homes" in keep and hub is not None and hub.storage.type == "none" and hub.shared is None:
            raise PydanticCustomError(
                "keep", "can't hold homes where gateway:hub.storage.type is none: they are lost with the pod"
            )
        return keep

    @model_validator(mode="after")
    def _users_of_the_kind(self) -> Self:
        if self.environment == "production" and isinstance(self.auth, SharedPassword):
            raise PydanticCustomError(
                "auth.type",
                "gateway:auth.type must not be shared-password where gateway:environment is production",
            )
        if self.hub.users and isinstance(self.auth, Native):
            raise PydanticCustomError(
                "hub.users",
                "gateway:hub.users must be empty where gateway:auth.type is native: whoever signed up first"
                " would have the name; let users in on the page /hub/authorize",
            )
        return self

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
