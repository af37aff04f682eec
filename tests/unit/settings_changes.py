"""Another value for each setting, and what a gateway must have beside it, for test_settings_docs.py."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit import conftest
from tests.unit.hub import WAYS

DAY = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%d")
WORKSHOP = {"name": "spring", "seats": 3, "zone": "UTC", "begin": f"{DAY} 09:00", "end": f"{DAY} 12:00"}
OTHER_GROUP = {"name": "larges", "flavor": "m3.medium", "min": 1, "max": 20}
CHANGES: dict[str, Any] = {
    "name": "gw26",
    "zone": "def456789.projects.jetstream-cloud.org.",
    "environment": "production",
    "cluster.template": "kubernetes-1-35-noble",
    "cluster.flavor": "m3.large",
    "cluster.masterFlavor": "m3.large",
    "cluster.masters": 3,
    "cluster.workers": 2,
    "cluster.labels": {"boot_volume_size": "80"},
    "cluster.kubeconfigGeneration": 2,
    "nodeGroups[].name": "bigs",
    "nodeGroups[].flavor": "m3.large",
    "nodeGroups[].min": 2,
    "nodeGroups[].max": 30,
    "network.public": "elsewhere",
    "network.fixed": "elsewhere",
    "network.subnet": "elsewhere-v4",
    "ingress": "traefik",
    "certificates.email": "others@our-lab.edu",
    "certificates.acme": "staging",
    "certificates.onControlPlane": True,
    "auth.type": "native",
    "auth.clientId": "another-id",
    "auth.everyone": True,
    "auth.organizations": ["their-lab"],
    "auth.identityProviders.NAME.usernameClaim": "email",
    "auth.identityProviders.NAME.stripDomain": "their-lab.edu",
    "auth.identityProviders.NAME.domains": ["their-lab.edu"],
    "auth.identityProviders.NAME.everyone": False,
    "auth.identityProvider": "uchicago.edu",
    "auth.groups": ["their-lab"],
    "auth.hostedDomains": ["their-lab.edu"],
    "auth.issuer": "https://idp.their-lab.edu",
    "auth.name": "Their lab",
    "auth.usernameClaim": "sub",
    "auth.scopes": ["openid"],
    "auth.groupsClaim": "roles",
    "hub.admins": ["admin3"],
    "hub.users": ["user3"],
    "hub.nodeGroup": "larges",
    "hub.desktops": ["idv"],
    "hub.groups": {"staff": ["user1", "user2"]},
    "hub.profiles.NAME.nodeGroup": "larges",
    "hub.profiles.NAME.gpus": 1,
    "hub.profiles.NAME.groups": ["staff"],
    "hub.profiles.NAME.sizes[].name": "modest",
    "hub.profiles.NAME.sizes[].cpu": 3,
    "hub.profiles.NAME.sizes[].memoryGib": 12,
    "hub.profiles.NAME.sizes[].nodeGroup": "larges",
    "hub.profiles.NAME.sizes[].gpus": 1,
    "hub.backup.schedule": "30 2 * * 1",
    "hub.backup.zone": "Europe/Vienna",
    "hub.backup.keep": 3,
    "hub.storage.type": "none",
    "hub.storage.class": "replicated-hdd",
    "hub.storage.sizeGib": 20,
    "hub.storage.volumeGib": 200,
    "hub.shared.sizeGib": 60,
    "hub.shared.writers": ["staff"],
    "seats": 2,
    "schedule[].name": "summer",
    "schedule[].seats": 4,
    "schedule[].zone": "Europe/Vienna",
    "schedule[].begin": f"{DAY} 09:15",
    "schedule[].end": f"{DAY} 12:15",
    "schedule[].leadMinutes": 60,
    "hub.limits.idleMinutes": 30,
    "hub.limits.warnMinutes": 5,
    "hub.limits.busyCpus": 2.0,
    "hub.limits.maxHours": 0,
    "hub.limits.servers": 40,
    "hub.limits.starts": 10,
    "monitoring.enabled": False,
    "monitoring.sizeGib": 20,
    "monitoring.retentionDays": 7,
    "monitoring.mail.to": ["others@our-lab.edu"],
    "monitoring.mail.sender": "others@our-lab.edu",
    "monitoring.mail.server": "smtp.our-lab.edu:465",
    "monitoring.mail.user": "others",
    "images.registry": "quay.io/others",
    "images.registryUser": "robot",
    "images.build": ["pyaos", "idv-cave", "hawkeye"],
    "images.buildArgs": {"BASE": "debian:12"},
    "images.published": dict.fromkeys(conftest.PUBLISHED, "quay.io/others/image:1.0.0"),
    "charts": "sandbox/charts",
    "timeouts.cluster": 10,
    "timeouts.nodeGroup": 10,
    "timeouts.chart": 10,
    "timeouts.certificate": 10,
    "budget": 200000,
    "protect": True,
    "keep": ["address", "homes"],
    "renamed.from": "gateway/former",
    "renamed.to": "gateway/later",
}
"""Another value for each setting."""
OF_TYPE = {
    "environment": "github",
    "auth.clientId": "github",
    "auth.everyone": "oidc",
    "auth.organizations": "github",
    "auth.identityProvider": "globus",
    "auth.hostedDomains": "google",
}
"""The type of `gateway:auth` that a key of one type only is looked at with; `oidc` for its others."""

WATCHED: dict[str, Any] = {
    "enabled": True,
    "mail": {
        "to": ["ops@our-lab.edu"],
        "sender": "ops@our-lab.edu",
        "server": "smtp.our-lab.edu:587",
        "user": "ops",
    },
}
ON_GPUS = ("nodeGroups[].flavor", "g3.medium")
PLACED: list[tuple[str, Any]] = [
    ON_GPUS,
    ("hub.groups", {"all": ["admin1"], "staff": ["user1"]}),
    ("hub.profiles", {"idv": {"groups": ["all"], "sizes": [{"name": "small", "cpu": 2, "memoryGib": 8}]}}),
]
ALSO: dict[str, list[tuple[str, Any]]] = {
    "hub.groups": [("hub.groups", {"staff": ["user1"]}), ("hub.profiles", {"idv": {"groups": ["staff"]}})],
    "hub.profiles.NAME.gpus": [ON_GPUS, ("hub.profiles", {"idv": {}})],
    "hub.profiles.NAME.nodeGroup": [("hub.profiles", {"idv": {}})],
}
"""What a gateway has whose setting of profiles is changed; PLACED for the others."""


def way(key: str) -> dict[str, Any]:
    """A way to log in that has the setting `key`."""
    of_type = "shared-password" if key == "auth.type" else OF_TYPE.get(key, "oidc")
    if ".identityProviders." in key:
        of_type = "cilogon"
    return copy.deepcopy(next(one for one in WAYS if one["type"] == of_type))


BESIDE: dict[str, list[tuple[str, Any]]] = {
    "schedule": [("schedule", [WORKSHOP])],
    "hub.backup": [("hub.backup", {})],
    "hub.storage.volumeGib": [("hub.storage", {"type": "nfs", "volumeGib": 100})],
    "hub.shared": [("hub.groups", {"staff": ["user1"]}), ("hub.shared", {"sizeGib": 50})],
    "monitoring": [("monitoring", WATCHED)],
}
"""What a gateway has whose setting is changed, by how that setting's key begins."""


def placed(key: str) -> list[tuple[str, Any]]:
    """What a gateway must have of which `key` is a setting."""
    if key.startswith(("hub.profiles", "hub.groups")):
        return copy.deepcopy(ALSO.get(key, PLACED))
    return copy.deepcopy(next((has for start, has in BESIDE.items() if key.startswith(start)), []))
