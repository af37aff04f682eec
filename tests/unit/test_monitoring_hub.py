"""A real hub that is watched by a real Prometheus, whose real Alertmanager tells when it is down."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from components.monitoring import config
from tests.unit.hub import USER_PASSWORD, make_values
from tests.unit.hub_process import free_port, hub_process, until
from tests.unit.monitoring import FLAVORS, hastened, needs_prometheus, queries, write
from tests.unit.test_monitoring_rules import all_rules, names

TOKEN = "ab" * 32
JOBS = ("jupyterhub", "prometheus", "alertmanager")
"""Those that there is something for on this machine."""


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    """The hub's values of a gateway that is watched."""
    return make_values(metrics_token=TOKEN)


def measured(url: str, token: str | None) -> requests.Response:
    """What the hub's page of metrics answers to whoever has this token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{url}/hub/metrics", headers=headers, allow_redirects=False, timeout=30)


def test_only_the_token_opens_the_hubs_metrics(values: dict[str, Any], tmp_path: Path) -> None:
    with hub_process(values, tmp_path, free_port()) as hub:
        shown = measured(hub.url, TOKEN)
        assert shown.status_code == 200
        offered = {line.split()[2] for line in shown.text.splitlines() if line.startswith("# TYPE")}
        asked = {name for query in [*queries(), *(r["expr"] for r in all_rules())] for name in names(query)}
        ours = {name for name in asked if name.startswith("jupyterhub_")}
        assert ours
        for name in ours:
            assert {name, name.rpartition("_")[0]} & offered, name
        statuses = ("success", "failure", "throttled", "too-many-users")
        assert all(f'spawn_duration_seconds_count{{status="{status}"}}' in shown.text for status in statuses)
        assert measured(hub.url, None).status_code == 403
        assert measured(hub.url, "cd" * 32).status_code == 403
        user = hub.browser("user1", USER_PASSWORD)
        assert user.see("metrics") == 403
        own = user.ask("POST", "users/user1/tokens").json()["token"]
        assert measured(hub.url, own).status_code == 403
        # It opens nothing else.
        users = requests.get(
            f"{hub.url}/hub/api/users", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
        )
        assert users.status_code == 403


@contextmanager
def running(folder: Path, *words: str) -> Iterator[None]:
    """A program that runs meanwhile, its output in a file."""
    with (folder / f"{words[0]}.log").open("w") as log:
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Where alerts are posted to: its URL, and what came."""
    came: list[dict[str, Any]] = []

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Takes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", came
    server.shutdown()


def lay_out(folder: Path, hub: str, prometheus: int, alertmanager: int, told: str) -> None:
    """The configuration of both programs as it is, for this machine, and with seconds for minutes."""
    ports = {"jupyterhub": hub, "prometheus": f"127.0.0.1:{prometheus}"}
    scrape = config.scrape(TOKEN)
    jobs = [
        {**job, "static_configs": [{"targets": [ports.get(job["job_name"], f"127.0.0.1:{alertmanager}")]}]}
        for job in scrape["scrape_configs"]
        if job["job_name"] in JOBS
    ]
    alerting = {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]}
    more = {"rule_files": ["rules.yml"], "alerting": alerting, "scrape_configs": jobs}
    receivers = config.alertmanager(None, {"alertWebhook": told})
    write(folder / "prometheus.yml", hastened(scrape | more, 1))
    write(folder / "rules.yml", hastened(config.rules(FLAVORS), 1))
    write(folder / "alertmanager.yml", hastened(receivers, 1))


@needs_prometheus
def test_a_hub_that_is_down_is_told_of_and_one_that_is_back(values: dict[str, Any], tmp_path: Path) -> None:
    port, prometheus, alertmanager = free_port(), free_port(), free_port()

    def ask(query: str) -> list[Any]:
        try:
            url = f"http://127.0.0.1:{prometheus}/api/v1/query"
            return list(requests.get(url, {"query": query}, timeout=10).json()["data"]["result"])
        except requests.ConnectionError:
            return []

    def states(alert: str, since: int) -> set[str]:
        sent = [one for some in came[since:] for one in some["alerts"]]
        return {one["status"] for one in sent if one["labels"]["alertname"] == alert}

    with webhook() as (told, came):
        lay_out(tmp_path, f"127.0.0.1:{port}", prometheus, alertmanager, told)
        with (
            running(
                tmp_path,
                "prometheus-alertmanager",
                "--config.file=alertmanager.yml",
                "--storage.path=alerts",
                f"--web.listen-address=127.0.0.1:{alertmanager}",
                "--cluster.listen-address=",
            ),
            running(
                tmp_path,
                "prometheus",
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                f"--web.listen-address=127.0.0.1:{prometheus}",
            ),
        ):
            with hub_process(values, tmp_path, port):
                until(lambda: ask('up{job="jupyterhub"} == 1'))
                until(lambda: ask('jupyterhub_active_users{period="24h"}'))
                until(lambda: ask("gateway:flavor_su_per_hour"))
                # Prometheus was there before the hub, which may have been told of.
                until(lambda: not ask('ALERTS{alertname="HubDown"}'))
                known = len(came)
            until(lambda: "firing" in states("HubDown", known))
            known = len(came)
            with hub_process(values, tmp_path, port):
                until(lambda: "resolved" in states("HubDown", known))
