"""How things in the cloud say whose they are. Imports nothing, so that tasks start fast."""

from __future__ import annotations

OWNER_LABEL = "gateway"
"""The cluster's label that says which gateway made it."""
ATTEMPT_LABEL = "gateway_attempt"
"""The cluster's label that counts the attempts to create it: one more after each failure."""
GROUP_ATTEMPT_LABEL = "gateway_group_attempt"
"""The same of a node group, by a name of its own since it inherits the cluster's labels."""
AUTOSCALING_LABEL = "auto_scaling_enabled"
"""The cluster's label that lets its node groups scale; their own label of that name does nothing."""
NODE_GROUPS = "1.9"
"""Magnum's API since this microversion has node groups; without it the answer is 406."""


def description(gateway: str) -> str:
    """The text by which an address or a record is known as the gateway's own."""
    return f"Science gateway {gateway}, made by Pulumi"
