"""A home is damaged and restored: the job in its pod, the volume of a user at work, her next server."""

from __future__ import annotations

import json
import re
import sys
from ipaddress import IPv4Network

from playwright.sync_api import Browser

from components.backup.backup import NAME, NAMESPACE
from sandbox.cloud.settings import CATALOGUE
from tests.desktop.gateway import Gateway
from tests.desktop.screen import ended, session

USER = "user2"
NETWORK = CATALOGUE["networks"]["auto_allocated_network"]["subnets"]["auto_allocated_subnet_v4"]
LOOPBACK, FROM_PODS = "//127.0.0.1:", f"//{IPv4Network(NETWORK)[1]}:"
"""Where the cloud's API is for the operator of a sandbox, and for its pods."""


def run_now(running: Gateway) -> str:
    """Start the CronJob's Job at once, and wait for it; what its pod printed."""
    kubectl = running.pods[USER].kubectl
    words = (
        "create",
        "job",
        "now",
        "-n",
        NAMESPACE,
        f"--from=cronjob/{NAME}",
        "--dry-run=client",
        "-o",
        "json",
    )
    job = json.loads(kubectl.run(*words))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    for one in container["env"]:
        one["value"] = one["value"].replace(LOOPBACK, FROM_PODS)
    file = running.stack.folder / "now.json"
    file.write_text(json.dumps(job), encoding="utf-8")
    kubectl.run("apply", "-f", str(file))
    kubectl.run("wait", "-n", NAMESPACE, "--for=condition=complete", "--timeout=120s", "job/now")
    return kubectl.run("logs", "-n", NAMESPACE, "job/now")


def test_a_home_that_its_user_damaged_is_as_it_was(browser: Browser, running: Gateway) -> None:
    ended(browser, running, "user1")  # else there is room on one node only
    pod = running.pods[USER]
    show = ("sh", "-euc", "cd; stat --format='%A %u:%g' thesis.txt; cat thesis.txt")
    with session(browser, running, USER, "Default", path="lab"):
        pod.run_in(pod.notebook, "sh", "-euc", "echo chapter one >~/thesis.txt; chmod 640 ~/thesis.txt")
        before = pod.run_in(pod.notebook, *show)
        assert f"home claim-{USER}: snapshot " in run_now(running)
        pod.run_in(pod.notebook, "sh", "-euc", "echo damaged >~/thesis.txt; chmod 600 ~/thesis.txt")
    stack = running.stack
    restored = stack.run(sys.executable, "-m", "components.restore", stack.name, USER)
    assert f"home claim-{USER} is as it was at " in restored.stderr
    with session(browser, running, USER, "Default", path="lab"):
        assert pod.run_in(pod.notebook, *show) == before
    (removal,) = re.findall(r"`(openstack volume delete .*?)`", restored.stderr)
    stack.run(*removal.split())
