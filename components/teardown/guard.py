"""Guard: comes after all else, and so goes first; while it is protected, nothing of the gateway goes."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi


class Guard(pulumi.ComponentResource):
    """Refuses `pulumi destroy` as a whole.

    The engine refuses to delete a protected resource only when its turn comes; what depends on it is gone by
    then. Of the guard its refusal tells the name only, so that is to be the name of the setting.
    """

    def __init__(self, name: str, *, after: Sequence[pulumi.Resource], protect: bool) -> None:
        opts = pulumi.ResourceOptions(depends_on=list(after), protect=protect)
        super().__init__("gateway:index:Guard", name, None, opts)
        self.register_outputs({})
