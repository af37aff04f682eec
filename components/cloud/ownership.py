"""How things in the cloud say whose they are. Imports nothing slow, so that tasks start fast."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openstack.connection import Connection

OWNER_LABEL = "gateway"
"""The gateway that a cluster or a kept home belongs to: a label there, metadata here."""
STACK_LABEL = "gateway_stack"
"""The Pulumi stack of that gateway. It stays what it was, since a cluster's labels never change."""
ATTEMPT_LABEL = "gateway_attempt"
"""The cluster's label that counts the attempts to create it: one more after each failure."""
GROUP_ATTEMPT_LABEL = "gateway_group_attempt"
"""The same of a node group, by a name of its own since it inherits the cluster's labels."""
AUTOSCALING_LABEL = "auto_scaling_enabled"
"""The cluster's label that lets its node groups scale; their own label of that name does nothing."""
FILES = "gateway.files"
"""Metadata of the file server's volume: what is on it."""
HOMES, SHARED = "homes", "shared"
"""Its values. Where users' homes are on it, the shared folder may be, too."""
CSI_CLUSTER = "cinder.csi.openstack.org/cluster"
"""Metadata of a volume: the cluster whose claim it was made for, by Cluster API's name."""
NODE_GROUPS = "1.9"
"""Magnum's API since this microversion has node groups; without it the answer is 406."""


LONGEST_STACK = 90
"""Where a stack's name is cut: Designate takes descriptions of 160 characters."""
DESCRIPTION = re.compile(r"Science gateway (\S+), made by Pulumi stack (\S+)")


@dataclass(frozen=True)
class Owner:
    """A gateway, and the Pulumi stack that owns it."""

    gateway: str
    stack: str
    """`PROJECT/STACK`, with the organization before it in Pulumi Cloud."""

    @property
    def description(self) -> str:
        """The text by which an address or a record is known as the gateway's own."""
        return f"Science gateway {self.gateway}, made by Pulumi stack {self.stack}"

    @property
    def marks(self) -> dict[str, str]:
        """The same as labels of a cluster, and as metadata of a home."""
        return {OWNER_LABEL: self.gateway, STACK_LABEL: self.stack}


def described(text: str | None) -> Owner | None:
    """Whose the address or record of this description is; None: not a gateway's."""
    found = DESCRIPTION.fullmatch(text or "")
    return Owner(found[1], found[2]) if found else None


def marked(labels: Mapping[str, str] | None) -> Owner | None:
    """Whose the cluster or volume with these labels is; None: not a gateway's."""
    said = labels or {}
    return Owner(said[OWNER_LABEL], said.get(STACK_LABEL, "")) if OWNER_LABEL in said else None


def names_of(gateway: str, cloud: Connection) -> re.Pattern[str]:
    """A pattern for the names by which the cloud knows the gateway's cluster.

    Magnum knows it by its name, Cluster API by that name and 12 more characters. Another cluster whose name
    happens to have that form does not match.
    """
    others = [
        str(name)
        for cluster in cloud.container_infrastructure_management.clusters()
        if cluster.name != gateway
        for name in (cluster.name, cluster.stack_id)
        if name
    ]
    excluded = "".join(rf"(?!{re.escape(name)}(?![a-z0-9]))" for name in others)
    return re.compile(rf"{excluded}{re.escape(gateway)}(-[a-z0-9]{{12}})?(?![a-z0-9])")


def of_a_machine(name: str, names: re.Pattern[str]) -> bool:
    """Whether the name of a server, port or disk begins with Cluster API's name of the cluster.

    Anybody may use Magnum's name.
    """
    found = names.match(name)
    return found is not None and found[1] is not None
