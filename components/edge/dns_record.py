"""DnsRecord: the gateway's name in the project's zone."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_openstack import dns

from components.cloud.survey import Survey
from components.settings.model import Settings

TTL_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class DnsRecordArgs:
    """Arguments of a DnsRecord."""

    settings: Settings
    survey: Survey
    address: pulumi.Input[str]
    """The IPv4 address that the ingress really has."""


class DnsRecord(pulumi.ComponentResource):
    """An A recordset in Designate."""

    fqdn: pulumi.Output[str]
    """Host name without the final dot, once the record is served."""

    def __init__(self, name: str, args: DnsRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:DnsRecord", name, None, opts)
        record = dns.RecordSet(
            f"{name}-a",
            zone_id=args.survey.zone_id,
            name=f"{args.settings.fqdn}.",
            type="A",
            ttl=TTL_SECONDS,
            records=[args.address],
            description=args.survey.owner.description,
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=args.survey.existing.record,
                # Designate refuses a second recordset of the same name.
                delete_before_replace=True,
            ),
        )
        self.fqdn = record.name.apply(lambda fqdn: fqdn.removesuffix("."))
        self.register_outputs({"fqdn": self.fqdn})
