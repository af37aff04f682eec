"""What operator and cloud do to a gateway while a user is at her desktop; in this order, destroy last."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from playwright.sync_api import Browser, BrowserContext, expect

from sandbox.address import HTTPS
from sandbox.check import visit
from sandbox.check.browser import OPTIONS, chromium, trust
from sandbox.layout import CHARTS
from sandbox.tests.fixtures import connected, nodes_of
from sandbox.tests.magnum import eventually
from tests.desktop.gateway import Gateway
from tests.desktop.issuer import have_trusted, issuer
from tests.desktop.pod import NAMESPACE, Pod
from tests.desktop.screen import Screen, log_in
from tests.lifecycle.hub_secrets import new_secrets, set_secrets
from tests.lifecycle.lifecycle import destroy, inventory

USER = "user1"
VERSION = "4.4.1"
NOTICED_S = 240
"""Until the cloud's controller, Kubernetes' collector of pods and the hub have seen that a node is gone."""
DETACHED_S = 600
"""Kubernetes takes a volume from a node that is gone after six minutes."""


@contextmanager
def undisturbed(screen: Screen, pod: Pod) -> Iterator[None]:
    """Meanwhile the desktop keeps its pod and its connection, and still answers at the end."""
    before = pod.identity
    screen.watch()
    yield
    screen.untouched()
    assert pod.identity == before


def test_a_node_dies_under_a_desktop_and_its_user_is_back_on_another(
    screen: Screen, running: Gateway, context: BrowserContext
) -> None:
    pod = running.pods[USER]
    pod.run_in(pod.desktop, "sh", "-c", "echo mine >~/note.txt")
    before = pod.node
    compute = connected(running.stack.env).compute
    compute.delete_server(compute.find_server(before, ignore_missing=False))
    expect(screen.page.locator("#status")).to_have_text("Connection lost", timeout=60_000)
    hub = context.new_page()
    eventually(lambda: not visit.runs(hub, running.url), timeout_s=NOTICED_S)
    visit.start(hub, running.url, "IDV", patience_s=DETACHED_S)
    visit.see(hub)
    assert pod.node != before
    assert pod.run_in(pod.desktop, "cat", "/home/jovyan/note.txt") == "mine\n"
    hub.close()
    screen.connected()
    screen.press_pad()


def test_passwords_are_changed_while_a_desktop_is_open(
    screen: Screen, running: Gateway, browser: Browser
) -> None:
    chosen = new_secrets()
    set_secrets(running.stack, {key: chosen[key] for key in ("adminPassword", "userPassword")})
    with undisturbed(screen, running.pods[USER]):
        running.stack.up()
    fresh = browser.new_context()
    refused = visit.try_to_log_in(fresh, running.url, "user2", running.password)
    expect(refused.get_by_text("Invalid username or password")).to_be_visible()
    changed = dataclasses.replace(running, password=chosen["userPassword"])
    page = log_in(fresh, changed, "user2", "Default", path="lab")
    visit.stop(page, running.url)
    fresh.close()


def test_users_change_over_to_accounts_of_an_issuer_while_a_desktop_is_open(
    screen: Screen, running: Gateway, browser: Browser, tmp_path: Path
) -> None:
    # As pods do, this browser finds every host at the port of the scheme.
    rules = f"--host-resolver-rules=MAP *:{HTTPS} 127.0.0.1:{urlsplit(running.url).port or HTTPS}"
    program = {"executable_path": chromium(), "args": [*OPTIONS, rules], "env": {"HOME": str(tmp_path)}}
    with issuer(running, tmp_path) as url:
        for authority in (running.authority, tmp_path / "ca.crt"):
            trust(authority, tmp_path)
        auth = {
            "type": "oidc",
            "issuer": url,
            "clientId": "gateway",
            "name": "Our Lab",
            "usernameClaim": "sub",
        }
        running.stack.change(lambda config: config.update({"gateway:auth": auth}))
        set_secrets(running.stack, {"oauthClientSecret": "known to the issuer"})
        with undisturbed(screen, running.pods[USER]):
            running.stack.up()
            have_trusted(running, tmp_path)
        started = browser.browser_type.launch(**program)
        for user, told in {"stranger": "403 : Forbidden", USER: visit.STOP}.items():
            page = started.new_page()
            page.goto(f"{running.stack.outputs()['url']}/hub/home")
            page.get_by_role("button", name="Sign in with Our Lab").click()
            page.get_by_placeholder("sub").fill(user)
            page.get_by_role("button", name="Authorize").click()
            expect(page.get_by_text(told)).to_be_visible()
            page.close()
        started.close()


def test_another_version_of_the_hubs_chart_while_a_desktop_is_open(
    screen: Screen, running: Gateway, tmp_path: Path
) -> None:
    pod = running.pods[USER]
    charts = tmp_path / "charts"
    shutil.copytree(CHARTS, charts)
    about = charts / "jupyterhub" / "Chart.yaml"
    document = yaml.safe_load(about.read_text(encoding="utf-8"))
    about.write_text(yaml.safe_dump({**document, "version": VERSION}), encoding="utf-8")
    running.stack.change(lambda config: config.update({"gateway:charts": str(charts)}))
    running.stack.change(lambda config: config.update({"gateway:seats": 0}))
    with undisturbed(screen, pod):
        running.stack.up()
        helm = ("helm", "--kubeconfig", str(running.stack.kubeconfig), "list", "-n", NAMESPACE)
        assert f"jupyterhub-{VERSION}" in running.stack.run(*helm).stdout
        assert "user-placeholder" not in pod.kubectl.run("get", "pods", "-n", NAMESPACE)


def test_destroy_with_an_open_desktop_leaves_nothing(screen: Screen, running: Gateway) -> None:
    cloud = connected(running.stack.env)
    assert [name for name in inventory(cloud)["volumes"] if name.startswith("pvc-")]
    destroy(running.stack)
    left = {kind: names for kind, names in inventory(cloud).items() if names}
    # The project's own, and what the sandbox gives its operator.
    assert left == {"security groups": ["default"], "credentials": ["restricted", "unrestricted"]}
    assert not nodes_of(running.stack.env)
    expect(screen.page.locator("#status")).to_have_text("Connection lost", timeout=60_000)
