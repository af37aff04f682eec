"""Audit: created before everything billable, so `destroy` runs it last. It fails if anything is left."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_command as command

from components.cloud.connection import environment
from components.cloud.survey import Survey
from components.settings.cloud import CloudConfig
from components.settings.model import Settings
from components.task import task


@dataclass(frozen=True, kw_only=True)
class AuditArgs:
    """Arguments of an Audit."""

    settings: Settings
    survey: Survey
    cloud: CloudConfig


class Audit(pulumi.ComponentResource):
    """Asks the cloud at the end of `pulumi destroy` what is left. Everything billable depends on it."""

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Audit", name, None, opts)
        command.local.Command(
            f"{name}-cloud",
            create=task("audit", "before"),
            # A change of the settings does not change what was there before the gateway.
            update='printf %s "$PULUMI_COMMAND_STDOUT"',
            delete=task("audit"),
            environment=environment(
                args.cloud,
                GATEWAY=args.settings.name,
                FQDN=args.settings.fqdn,
                ZONE_ID=args.survey.zone_id,
                KEEP=" ".join(args.settings.keep),
            ),
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=pulumi.CustomTimeouts(delete="15m")),
        )
        self.register_outputs({})
