"""Guard: created last, so `destroy` begins with it, and stops there while it is protected."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi


class Guard(pulumi.ComponentResource):
    """Refuses `pulumi destroy` as a whole.

    The engine refuses to delete a protected resource only when its turn comes, and by then everything that
    depends on it is gone. Its error shows only the resource's name, so the guard is named after the setting.
    """

    def __init__(self, name: str, *, after: Sequence[pulumi.Resource], protect: bool) -> None:
        opts = pulumi.ResourceOptions(depends_on=list(after), protect=protect)
        super().__init__("gateway:index:Guard", name, None, opts)
        self.register_outputs({})
