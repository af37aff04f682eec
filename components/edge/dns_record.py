"""DnsRecord: the gateway's name in the project's zone."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_openstack import dns


@dataclass(frozen=True, kw_only=True)
class DnsRecordArgs:
    """What a DnsRecord is made from."""

    zone_id: str
    fqdn: str
    """Host name without the final dot."""
    address: pulumi.Input[str]
    """IPv4 address that the ingress really has."""
    description: str
    """Text by which the record is known as this gateway's own."""
    ttl_seconds: int = 3600
    existing_id: str | None = None
    """`<zone id>/<recordset id>`, where an earlier run made it."""


class DnsRecord(pulumi.ComponentResource):
    """An A recordset in Designate."""

    fqdn: pulumi.Output[str]
    """Host name without the final dot, known when the record is served."""

    def __init__(self, name: str, args: DnsRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:DnsRecord", name, None, opts)
        record = dns.RecordSet(
            f"{name}-a",
            zone_id=args.zone_id,
            name=f"{args.fqdn}.",
            type="A",
            ttl=args.ttl_seconds,
            records=[args.address],
            description=args.description,
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=args.existing_id,
                # Designate refuses a second recordset of the same name.
                delete_before_replace=True,
            ),
        )
        self.fqdn = record.name.apply(lambda fqdn: fqdn.removesuffix("."))
        self.register_outputs({"fqdn": self.fqdn})
