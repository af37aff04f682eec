"""What Prometheus, Alertmanager and Grafana are configured with.

Pure: nothing is created and nothing is looked up. A value that is known only later may be an output, which is
passed through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from components.hub.desktops import Text, Values, merge
from components.settings.extras.monitoring import Mail, Monitoring
from components.site import SITE

HERE = Path(__file__).parent
BLOCKS = 0.8
"""Of the volume, for blocks of measurements; the rest is for the newest ones, and for rewriting blocks."""


def read(file: str) -> Values:
    """One of the YAML files beside this one."""
    found: Values = yaml.safe_load((HERE / file).read_text(encoding="utf-8"))
    return found


def prometheus_values(settings: Monitoring, storage_class: str, node_selector: Mapping[str, Any]) -> Values:
    """The values of the Prometheus release, but for what changes with its configuration."""
    core = {"nodeSelector": dict(node_selector)}
    server = {
        **core,
        "retention": f"{settings.retention_days}d",
        "retentionSize": f"{int(settings.size_gib * BLOCKS * 1024)}MB",  # of 1024 KB of 1024 bytes
        "persistentVolume": {"size": f"{settings.size_gib}Gi", "storageClass": storage_class},
    }
    return merge(
        read("prometheus.yaml"), {"server": server, "alertmanager": core, "kube-state-metrics": core}
    )


def grafana_values(node_selector: Mapping[str, Any]) -> Values:
    """The values of the Grafana release."""
    dashboards = {
        file.stem: {"json": file.read_text(encoding="utf-8")}
        for file in sorted((HERE / "dashboards").glob("*.json"))
    }
    more = {"nodeSelector": dict(node_selector), "dashboards": {"gateway": dashboards}}
    return merge(read("grafana.yaml"), more)


def scrape(token: Text) -> Values:
    """Prometheus' configuration. token: lets it read the hub's metrics."""
    config = read("scrape.yaml")
    jobs = [
        {**job, "authorization": {"credentials": token}} if job["job_name"] == "jupyterhub" else job
        for job in config["scrape_configs"]
    ]
    return {**config, "scrape_configs": jobs}


def rules(flavors: Iterable[str]) -> Values:
    """Its rules, with the prices of the gateway's `flavors` as far as they are known."""
    price = SITE.su_per_hour
    prices = [
        {
            "record": "gateway:flavor_su_per_hour",
            "labels": {"flavor": flavor},
            "expr": f"vector({price[flavor]:g})",
        }
        for flavor in sorted(set(flavors) & price.keys())
    ]
    # In the order of the groups, so that the costs know them.
    return {"groups": [{"name": "prices", "rules": prices}, *read("rules.yaml")["groups"]]}


def alertmanager(mail: Mail | None, secrets: Mapping[str, Text]) -> Values:
    """Alertmanager's configuration: alerts go by mail, and to the stack's webhook; else nowhere."""
    receiver: Values = {"name": "operators"}
    if mail is not None:
        login = {"auth_username": mail.user, "auth_password": secrets["smtpPassword"]} if mail.user else {}
        receiver["email_configs"] = [
            {"to": ", ".join(mail.to), "from": mail.sender, "smarthost": mail.server, **login}
            | {"send_resolved": True}
        ]
    if "alertWebhook" in secrets:
        receiver["webhook_configs"] = [{"url": secrets["alertWebhook"]}]
    route = {
        "receiver": "operators",
        "group_by": ["alertname"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "12h",
    }
    return {"route": route, "receivers": [receiver]}
