"""A science gateway, top to bottom: each part is handed the outputs of those above it."""

from __future__ import annotations

import pulumi

from components.backup.backup import Backup, BackupArgs
from components.certificates.cert_manager import CertManager, CertManagerArgs
from components.certificates.certificate import Certificate, CertificateArgs
from components.charts.install import ChartSource
from components.cluster.magnum_cluster import MagnumCluster, MagnumClusterArgs
from components.cluster.nodegroup import Nodegroup, NodegroupArgs
from components.edge.controller import IngressArgs
from components.edge.dns_record import DnsRecord, DnsRecordArgs
from components.edge.ingress import INGRESSES
from components.edge.reserved_address import ReservedAddress, ReservedAddressArgs
from components.hub.catalogue import load_catalogue
from components.hub.jupyterhub_release import JupyterHubRelease, JupyterHubReleaseArgs
from components.images.desktop_images import DesktopImages, DesktopImagesArgs
from components.monitoring.monitoring import Monitoring, MonitoringArgs
from components.preflight import preflight
from components.seats.workshops import Workshops, WorkshopsArgs
from components.settings.load import load, registry_password
from components.teardown.audit import Audit, AuditArgs
from components.teardown.guard import Guard

loaded, catalogue = load(), load_catalogue()
checked = preflight(loaded, catalogue, registry_password())
settings, cloud, survey = checked.settings, checked.cloud, checked.survey
name, secrets = settings.name, loaded.secrets
charts = ChartSource(folder=settings.charts, timeout_minutes=settings.timeouts.chart, drift=checked.drift)

# Everything billable depends on the audit, so destroy runs it last.
audit = Audit(f"{name}-audit", AuditArgs(settings=settings, survey=survey, cloud=cloud))
billable = pulumi.ResourceOptions(depends_on=[audit], protect=settings.protect)

cluster = MagnumCluster(name, MagnumClusterArgs(settings=settings, survey=survey, cloud=cloud), billable)

groups: dict[str, Nodegroup] = {}
for group in settings.node_groups:
    groups[group.name] = Nodegroup(
        f"{name}-{group.name}",
        NodegroupArgs(
            cluster=cluster,
            settings=group,
            timeout_minutes=settings.timeouts.node_group,
            existing=survey.existing.node_groups.get(group.name),
        ),
        # Magnum takes one at a time, and none before the cluster is complete (2i2c-org/infrastructure#5455).
        pulumi.ResourceOptions(depends_on=[cluster, *list(groups.values())[-1:]]),
    )

address = ReservedAddress(f"{name}-address", ReservedAddressArgs(settings=settings, survey=survey), billable)
controller = INGRESSES[settings.ingress]
ingress = controller(f"{name}-ingress", IngressArgs(cluster=cluster, address=address, charts=charts))
record = DnsRecord(
    f"{name}-record",
    DnsRecordArgs(settings=settings, survey=survey, address=ingress.ip),
    pulumi.ResourceOptions(depends_on=[audit]),
)

certificates = CertManager(
    f"{name}-certificates",
    CertManagerArgs(cluster=cluster, settings=settings, ingress_class=ingress.class_name, charts=charts),
)
images = DesktopImages(
    f"{name}-images",
    DesktopImagesArgs(
        pinned=checked.images,
        settings=settings.images,
        registry_password=secrets.get("registryPassword"),
        tag=pulumi.get_stack(),
    ),
)
hub = JupyterHubRelease(
    f"{name}-hub",
    JupyterHubReleaseArgs(
        settings=settings,
        survey=survey,
        catalogue=catalogue,
        cluster=cluster,
        user_group=groups[settings.user_group.name],
        images=images,
        fqdn=record.fqdn,
        ingress_class=ingress.class_name,
        issuer=certificates.issuer,
        secrets=secrets,
        charts=charts,
    ),
    pulumi.ResourceOptions(protect=settings.protect),
)
workshops = Workshops(f"{name}-workshops", WorkshopsArgs(planned=checked.workshops, cluster=cluster, hub=hub))
backup = Backup(f"{name}-backup", BackupArgs(settings=settings, survey=survey, cluster=cluster, hub=hub))
monitoring = Monitoring(
    f"{name}-monitoring",
    MonitoringArgs(settings=settings, cluster=cluster, hub=hub, secrets=secrets, charts=charts),
)
certificate = Certificate(
    f"{name}-certificate",
    CertificateArgs(
        settings=settings, cluster=cluster, hub=hub, issuer=certificates.issuer, fqdn=record.fqdn
    ),
)

inside = [certificates, hub, workshops, backup, monitoring, certificate]
everything = [cluster, *groups.values(), address, ingress, record, images, *inside]
Guard(f"{name}-gateway:protect", after=everything, protect=settings.protect)

pulumi.export("url", hub.url)
pulumi.export("fqdn", record.fqdn)
pulumi.export("ingress_ip", ingress.ip)
pulumi.export("certificate", certificate.state)
pulumi.export("cluster_id", cluster.id)
pulumi.export("node_groups", [group.name for group in groups.values()])
pulumi.export("images", images.references)
pulumi.export("hub_admin", settings.hub.admins[0])
pulumi.export("hub_admin_password", hub.admin_password)
pulumi.export("oauth_callback", hub.oauth_callback if settings.auth.callback else None)
pulumi.export("kubeconfig", cluster.kubeconfig)
pulumi.export("su_per_hour", checked.su_per_hour)
