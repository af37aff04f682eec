"""A science gateway, top to bottom: each part is handed the outputs of those above it."""

from __future__ import annotations

from pathlib import Path

import pulumi

from components.certificates.cert_manager import CertManager, CertManagerArgs
from components.certificates.certificate import Certificate, CertificateArgs
from components.charts.install import ChartSource
from components.cloud.ownership import description
from components.cluster.magnum_cluster import MagnumCluster, MagnumClusterArgs
from components.cluster.nodegroup import Nodegroup, NodegroupArgs
from components.edge.dns_record import DnsRecord, DnsRecordArgs
from components.edge.ingress_nginx import IngressNginx, IngressNginxArgs
from components.edge.reserved_address import ReservedAddress, ReservedAddressArgs
from components.hub.catalogue import load_catalogue
from components.hub.desktop_images import DesktopImages, DesktopImagesArgs
from components.hub.jupyterhub_release import JupyterHubRelease, JupyterHubReleaseArgs
from components.hub.values import TLS_SECRET
from components.preflight import preflight
from components.settings.load import load
from components.settings.model import DEFAULT_WORKER
from components.teardown.audit import Audit, AuditArgs
from components.teardown.guard import Guard

settings, secrets = load()
cloud = pulumi.Config("openstack").get("cloud")
catalogue = load_catalogue(Path("hub_values/desktops.yaml"))
checked = preflight(settings, catalogue, cloud)
found, existing = checked.survey, checked.survey.existing
name = settings.name
charts = ChartSource(folder=settings.charts, timeout_minutes=settings.timeouts.chart)

audit = Audit(
    f"{name}-audit",
    AuditArgs(
        gateway=name, fqdn=settings.fqdn, zone_id=found.zone_id, keep=tuple(settings.keep), cloud=cloud
    ),
)
# What costs is destroyed before the audit of what is left, which is to be the last.
roots = pulumi.ResourceOptions(depends_on=[audit], protect=settings.protect)

cluster = MagnumCluster(
    name,
    MagnumClusterArgs(
        cluster_name=name,
        template_id=found.template_id,
        settings=settings.cluster,
        network=settings.network,
        autoscaling=any(group.max > group.min for group in settings.node_groups),
        cloud=cloud,
        timeout_minutes=settings.timeouts.cluster,
        existing=existing.cluster,
    ),
    opts=roots,
)

node_groups: dict[str, Nodegroup] = {}
for group in settings.node_groups:
    node_groups[group.name] = Nodegroup(
        f"{name}-{group.name}",
        NodegroupArgs(
            cluster_id=cluster.id,
            cluster=cluster.magnum,
            settings=group,
            timeout_minutes=settings.timeouts.node_group,
            cloud=cloud,
            existing=existing.node_groups.get(group.name),
        ),
        # Magnum refuses a node group for a cluster that is not complete, and fails on two that are made at
        # once (2i2c-org/infrastructure#5455).
        opts=pulumi.ResourceOptions(depends_on=[cluster, *list(node_groups.values())[-1:]]),
    )

address = ReservedAddress(
    f"{name}-address",
    ReservedAddressArgs(
        pool=settings.network.public,
        description=description(name),
        keep="address" in settings.keep,
        existing_id=existing.address,
    ),
    opts=roots,
)

ingress = IngressNginx(
    f"{name}-ingress",
    IngressNginxArgs(
        provider=cluster.provider,
        node_group=DEFAULT_WORKER,
        address=address.address,
        charts=charts,
        cloud=cloud,
    ),
)

record = DnsRecord(
    f"{name}-record",
    DnsRecordArgs(
        zone_id=found.zone_id,
        fqdn=settings.fqdn,
        address=ingress.ip,
        description=description(name),
        existing_id=existing.record,
    ),
    opts=pulumi.ResourceOptions(depends_on=[audit]),
)

certificates = CertManager(
    f"{name}-certificates",
    CertManagerArgs(
        provider=cluster.provider,
        settings=settings.certificates,
        ingress_class=ingress.class_name,
        charts=charts,
    ),
)

images = DesktopImages(
    f"{name}-images",
    DesktopImagesArgs(
        published=checked.published,
        settings=settings.images,
        registry_password=secrets.get("registryPassword"),
        tag=pulumi.get_stack(),
    ),
)

hub = JupyterHubRelease(
    f"{name}-hub",
    JupyterHubReleaseArgs(
        gateway=name,
        provider=cluster.provider,
        cluster_id=cluster.id,
        settings=settings.hub,
        catalogue=catalogue,
        images=images.references,
        core_group=DEFAULT_WORKER,
        user_group=node_groups[settings.user_group.name].name,
        fqdn=record.fqdn,
        ingress_class=ingress.class_name,
        issuer=certificates.issuer,
        admin_password=secrets["adminPassword"],
        user_password=secrets["userPassword"],
        cookie_secret=secrets.get("cookieSecret"),
        charts=charts,
        keep_homes="homes" in settings.keep,
        cloud=cloud,
    ),
    # On the way down: the users' pods let go of their volumes before their nodes are taken away.
    opts=pulumi.ResourceOptions(depends_on=[node_groups[settings.user_group.name]], protect=settings.protect),
)

certificate = Certificate(
    f"{name}-certificate",
    CertificateArgs(
        kubeconfig=cluster.kubeconfig,
        namespace=hub.namespace,
        certificate_name=TLS_SECRET,
        revision=hub.revision,
        timeout_minutes=settings.timeouts.certificate,
    ),
)

Guard(
    f"{name}-gateway:protect",
    after=[
        cluster,
        *node_groups.values(),
        address,
        ingress,
        record,
        certificates,
        images,
        hub,
        certificate,
    ],
    protect=settings.protect,
)

pulumi.export("url", hub.url)
pulumi.export("fqdn", record.fqdn)
pulumi.export("ingress_ip", ingress.ip)
pulumi.export("certificate", certificate.state)
pulumi.export("cluster_id", cluster.id)
pulumi.export("node_groups", [group.name for group in node_groups.values()])
pulumi.export("images", images.references)
pulumi.export("hub_admin", settings.hub.admins[0])
pulumi.export("hub_admin_password", hub.admin_password)
pulumi.export("kubeconfig", cluster.kubeconfig)
pulumi.export("su_per_hour", checked.su_per_hour)
