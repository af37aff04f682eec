"""A cloud for the survey: just what it asks for, and how it answers."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from openstack.exceptions import ForbiddenException

from components.cloud import survey as cloud
from components.settings.cloud import CloudConfig
from components.settings.errors import SettingsError
from components.settings.load import check
from tests.unit.conftest import OWNER, SECRETS, stack_config

FQDN = "gw25.abc123456.projects.jetstream-cloud.org."


def thing(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


def flavor(name: str, vcpus: int, gib: int) -> SimpleNamespace:
    """A flavor as Nova describes it."""
    return thing(id=f"id of {name}", name=name, vcpus=vcpus, ram=1024 * gib)


def template(name: str, uuid: str, **labels: str) -> SimpleNamespace:
    """A cluster template as Magnum describes it."""
    return thing(name=name, uuid=uuid, labels=labels, image_id="image-uuid", network_driver="calico")


def plenty(**fields: Any) -> SimpleNamespace:
    """Quotas, and what is used of them, as the services describe them."""
    none = {"limit": -1, "used": 0}
    return thing(
        **{
            "instances": -1,
            "instances_used": 0,
            "total_cores": -1,
            "total_cores_used": 0,
            "total_ram": -1,
            "total_ram_used": 0,
            "max_total_volumes": -1,
            "total_volumes_used": 0,
            "max_total_volume_gigabytes": -1,
            "total_gigabytes_used": 0,
            "max_total_snapshots": -1,
            "total_snapshots_used": 0,
            "floating_ips": none,
            "security_groups": none,
            "load_balancers": -1,
            **fields,
        }
    )


class Cloud:
    """Just enough of openstacksdk's connection to answer the survey."""

    def __init__(self) -> None:
        self.limits = plenty()
        self.templates = [template("kubernetes-1-34-jammy", "template-uuid")]
        self.zone_list = [thing(name="abc123456.projects.jetstream-cloud.org.", id="zone-uuid")]
        self.flavor_list = [flavor("m3.quad", 4, 15), flavor("m3.medium", 8, 30)]
        networks = {"public-uuid": "public", "auto-uuid": "auto_allocated_network"}
        self.network_list = [thing(name=name, id=key) for key, name in networks.items()]
        self.subnet_list = [thing(name="auto_allocated_subnet_v4")]
        self.cluster_list: list[Any] = []
        self.groups: list[dict[str, Any]] = []
        self.ip_list: list[Any] = []
        self.records: list[Any] = []
        self.container_infrastructure_management = thing(
            cluster_templates=lambda: self.templates,
            clusters=lambda: self.cluster_list,
            get_cluster=lambda found: found,
            get=self._node_groups,
        )
        self.volumes: list[Any] = []
        self.dns = thing(
            zones=lambda: self.zone_list,
            recordsets=lambda zone: [record for record in self.records if record.zone_id == zone],
        )
        self.snapshots: list[Any] = []
        self.block_storage = thing(
            volumes=lambda **_: self.volumes,
            snapshots=lambda **_: self.snapshots,
            get_limits=lambda: thing(absolute=self.limits),
        )
        self.verify: bool | str = True
        self.current_project_id = "p-1"
        self.servers: list[Any] = []
        self.image_properties: dict[str, str] = {}
        self.image = thing(find_image=lambda _: thing(properties=self.image_properties or None))
        self.credential: Any = None
        """The application credential that is logged in with; None: a password."""
        self.rules: list[str] = []
        self.balancers_allowed = True
        # Without an accounting.
        self.config = thing(
            get_endpoint=lambda _: None,
            get_endpoint_from_catalog=lambda service: f"https://cloud.test/{service}",
            get_auth_args=dict,
            get_requests_verify_args=lambda: (self.verify, None),
        )
        self.session = thing(auth=thing(get_access=lambda _: self._token()))
        self.identity = thing(get_application_credential=lambda *_: self.credential)
        self.load_balancer = thing(
            load_balancers=self._balancers,
            get_quota=lambda _: thing(load_balancers=self.limits.load_balancers),
        )
        self.compute = thing(
            flavors=self._flavors,
            servers=lambda **_: self.servers,
            get_limits=lambda: thing(absolute=self.limits),
        )
        self.network = thing(
            networks=self._networks,
            subnets=lambda: self.subnet_list,
            ips=lambda **_: self.ip_list,
            get_quota=lambda *_, **__: self.limits,
        )

    def _flavors(self, *, details: bool) -> list[Any]:
        return [found if details else thing(name=found.name) for found in self.flavor_list]

    def _networks(self, name: str | None = None) -> list[Any]:
        return [network for network in self.network_list if name in (None, network.name)]

    def _node_groups(self, path: str, microversion: str = "1.1") -> SimpleNamespace:
        if microversion < "1.9":
            return thing(status_code=406, reason="Not Acceptable", headers={}, url="", text="", json=dict)
        uuid = path.partition("/nodegroups")[2].removeprefix("/")
        one = next((group for group in self.groups if group["uuid"] == uuid), None)
        return thing(status_code=200, json=lambda: one or {"nodegroups": self.groups})

    def _token(self) -> SimpleNamespace:
        found = self.credential
        return thing(
            user_id="u",
            role_names=["reader", "member"],
            application_credential_id=found and found.id,
            application_credential=found and {"id": found.id, "restricted": not found.unrestricted},
            application_credential_access_rules=self.rules,
        )

    def _balancers(self, **_: Any) -> Iterator[Any]:
        if not self.balancers_allowed:
            raise ForbiddenException("Policy does not allow this request to be performed.")
        yield from ()

    def authorize(self) -> None:
        """Always allowed."""


def cluster(**fields: Any) -> SimpleNamespace:
    """The gateway's cluster as Magnum describes it."""
    return thing(
        **{
            "name": "gw25",
            "uuid": "c-1",
            "stack_id": "gw25-abcdefghijkl",
            "status": "CREATE_COMPLETE",
            "labels": {**OWNER.marks, "boot_volume_size": "60", "auto_scaling_enabled": "true"},
            "cluster_template_id": "template-uuid",
            "flavor_id": "m3.quad",
            "master_flavor_id": "m3.quad",
            "master_count": 1,
            "fixed_network": "auto_allocated_network",
            "fixed_subnet": "auto_allocated_subnet_v4",
            **fields,
        }
    )


def group(**fields: Any) -> dict[str, Any]:
    """A node group as Magnum describes it."""
    return {
        "is_default": False,
        "status": "CREATE_COMPLETE",
        "flavor_id": "m3.medium",
        "labels": {},
        "node_count": 1,
        **fields,
    }


def record(**fields: Any) -> SimpleNamespace:
    """The gateway's record as Designate describes it."""
    ours = {"id": "r-1", "name": FQDN, "type": "A", "zone_id": "zone-uuid", "description": OWNER.description}
    return thing(**{**ours, **fields})


def look(changes: dict[str, Any] | None = None, fit: Any = lambda *_: ()) -> cloud.Survey:
    config = stack_config()
    plain = {k.removeprefix("gateway:"): v for k, v in config.items() if k.startswith("gateway:")}
    settings = check({k: v for k, v in plain.items() if k not in SECRETS} | (changes or {}))
    return cloud.survey(settings, CloudConfig(cloud="openstack"), fit)


def refusal() -> str:
    with pytest.raises(SettingsError) as refused:
        look()
    return str(refused.value)
