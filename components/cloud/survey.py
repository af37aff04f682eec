"""What the program must know of the cloud before it creates anything: read-only, all mistakes at once.

Names in the settings become ids here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pulumi
from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import ConfigException, SDKException

from components.cloud.connection import connect
from components.cloud.credential import check_credential
from components.cloud.existing import (
    Existing,
    check_homes,
    find_address,
    find_cluster,
    find_node_groups,
    find_record,
)
from components.cloud.flavors import Flavor, by_name
from components.cloud.ownership import LONGEST_STACK, Owner
from components.cloud.quotas import SERVICES, find_servers, findings, quotas
from components.cloud.template import choose, find_templates, template_warnings
from components.cloud.volumes.files import find_files
from components.settings.cloud import CloudConfig
from components.settings.errors import Mistake, SettingsError
from components.settings.model import Settings


@dataclass(frozen=True, kw_only=True)
class FromPods:
    """What a pod needs to know of the cloud in order to ask Cinder."""

    identity: str
    """URL of Keystone."""
    volumes: str
    """URL of Cinder."""
    authority: str
    """The certificate authority of both as PEM; empty where it is one that everybody trusts."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The cloud as the program needs it."""

    owner: Owner
    template_id: str
    zone_id: str
    existing: Existing = field(default_factory=Existing)
    files: str | None = None
    """Id of the file server's volume, where there is one already."""
    servers: list[str] | None = None
    """Flavors of the gateway's servers; None where that is not known."""
    from_pods: FromPods | None = None
    """How a pod reaches Cinder, where the settings want backups."""
    connection: Connection | None = field(default=None, compare=False, repr=False)
    """The log-in of this look, for another one at what it found."""


def this_owner(settings: Settings) -> Owner:
    """The current stack as the owner of the gateway; by its former name where it was renamed."""
    parts = [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()]
    # Every self-managed backend says "organization".
    stack = "/".join(filter(None, parts)).removeprefix("organization/")[:LONGEST_STACK]
    renamed = settings.renamed
    return Owner(settings.name, renamed.from_ if renamed and renamed.to == stack else stack)


def reach(cloud: CloudConfig) -> Connection:
    """A connection that has logged in. Raises SettingsError."""
    try:
        connection = connect(cloud)
        connection.authorize()
    except (ConfigException, SDKException, ClientException) as error:
        raise SettingsError([_unreachable(cloud, error)]) from None
    return connection


Look = Callable[[Connection, Settings, Owner], Any]
Fit = Callable[[dict[str, Flavor], str | None], Iterable[Mistake]]
"""What is wrong with the settings, given the cloud's flavors and the template's version of Kubernetes."""


def survey(settings: Settings, cloud: CloudConfig, fit: Fit = lambda *_: ()) -> Survey:
    """Look up all that `settings` names in the cloud; warn of what may fail later.

    Raises SettingsError: the cloud can't be reached, or does not have what is named.
    """
    connection, owner = reach(cloud), this_owner(settings)
    looks: list[Look] = [
        find_templates,
        _zone,
        _flavors,
        _networks,
        check_homes,
        check_credential,
        find_cluster,
        find_address,
        find_record,
        find_files,
        find_servers,
        from_pods,
        *map(quotas, SERVICES),
    ]
    mistakes: list[Mistake] = []
    found: list[Any] = []
    with ThreadPoolExecutor(max_workers=len(looks)) as pool:
        for future in [pool.submit(look, connection, settings, owner) for look in looks]:
            try:
                found.append(future.result())
            except SettingsError as error:
                found.append(None)
                mistakes.extend(error.mistakes)
            except (SDKException, ClientException) as error:
                found.append(None)
                mistakes.append(_unreachable(cloud, error))
    templates, zone_id, flavors, _, _, warning, cluster, address, record, files, servers, pods, *limits = (
        found
    )
    existing = Existing(cluster=cluster, address=address, record=record)
    alive = cluster if cluster and not cluster.failed else None
    template, wrong = (None, []) if templates is None else choose(settings, templates, alive)
    mistakes += [*wrong, *fit(flavors or {}, template.kubernetes if template else None)]
    warnings = [*([warning] if warning else []), *template_warnings(template)]
    if flavors is not None:
        labels = {**(template.labels if template else {}), **settings.cluster.labels}
        short, soon = findings(settings, flavors, labels, existing, limits)
        mistakes += short
        warnings += soon
    for text in warnings:
        pulumi.log.warn(text)
    if mistakes:
        raise SettingsError(dict.fromkeys(mistakes))
    try:
        # The groups of a cluster that failed go with it.
        node_groups = find_node_groups(connection, alive.id, settings.cluster.workers) if alive else {}
    except (SDKException, ClientException) as error:
        raise SettingsError([_unreachable(cloud, error)]) from None
    return Survey(
        owner=owner,
        template_id=alive.template_id if alive else template.id if template else "",
        zone_id=zone_id,
        existing=replace(existing, node_groups=node_groups),
        files=files,
        servers=servers,
        from_pods=pods,
        connection=connection,
    )


def _unreachable(cloud: CloudConfig, error: Exception) -> Mistake:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if cloud.auth_url:
        rule = f"must be the Keystone of a cloud that lets you in ({reason})"
        return Mistake(key="openstack:authUrl", rule=rule, value=cloud.auth_url)
    return Mistake(
        key="openstack:cloud",
        rule=f"must name a cloud of clouds.yaml that answers ({reason})",
        value=cloud.cloud or "the cloud of OS_CLOUD or OS_AUTH_URL",
        example="`openstack --os-cloud NAME token issue` must work",
    )


def _one_of(key: str, wanted: str, names: Iterable[str], what: str) -> Mistake:
    offered = ", ".join(sorted(names)) or "none"
    return Mistake(key=f"gateway:{key}", rule=f"must be a {what} of this cloud ({offered})", value=wanted)


def from_pods(connection: Connection, settings: Settings, _: Owner) -> FromPods | None:
    """How a pod reaches Keystone and Cinder; None without backups.

    Raises SettingsError where a pod could reach them only without a certificate.
    """
    if settings.hub.backup is None:
        return None
    verify = connection.config.get_requests_verify_args()[0]
    if verify is False:
        rule = "needs a certificate of the cloud that can be verified: openstack:cacertFile, not insecure"
        raise SettingsError([Mistake(key="gateway:hub.backup", rule=rule)])
    return FromPods(
        identity=_in_catalogue(connection, "identity"),
        volumes=_in_catalogue(connection, "block-storage"),
        authority=Path(verify).read_text(encoding="utf-8") if isinstance(verify, str) else "",
    )


def _in_catalogue(connection: Connection, service: str) -> str:
    """URL of a service. Raises SettingsError where the cloud has none."""
    # openstacksdk's `endpoint_for` changes its answer once it has asked a service itself.
    if url := connection.config.get_endpoint_from_catalog(service):
        return url
    rule = f"needs the service {service}, which is not in the cloud's catalogue"
    raise SettingsError([Mistake(key="gateway:hub.backup", rule=rule)])


def _zone(connection: Connection, settings: Settings, _: Owner) -> str:
    zones = list(connection.dns.zones())
    matches = [zone for zone in zones if zone.name == settings.zone]
    if not matches:
        raise SettingsError([_one_of("zone", settings.zone, [zone.name for zone in zones], "DNS zone")])
    return str(matches[0].id)


def _flavors(connection: Connection, settings: Settings, _: Owner) -> dict[str, Flavor]:
    flavors = by_name(connection.compute.flavors(details=True))
    missing = [
        _one_of(key, flavor, flavors, "flavor")
        for key, flavor in settings.flavors.items()
        if flavor not in flavors
    ]
    if missing:
        raise SettingsError(missing)
    return flavors


def _networks(connection: Connection, settings: Settings, _: Owner) -> None:
    names = {network.name for network in connection.network.networks()}
    subnets = {subnet.name for subnet in connection.network.subnets()}
    wanted = settings.network
    checks = [
        ("network.public", wanted.public, names, "network"),
        ("network.fixed", wanted.fixed, names, "network"),
        ("network.subnet", wanted.subnet, subnets, "subnet"),
    ]
    missing = [_one_of(key, name, known, what) for key, name, known, what in checks if name not in known]
    if missing:
        raise SettingsError(missing)
