"""Who tries one password after another has to wait, in a real JupyterHub of the chart's version."""

from __future__ import annotations

import time
from pathlib import Path

import requests

from tests.unit.hub import ADMIN_PASSWORD, USER_PASSWORD, make_values
from tests.unit.hub_process import HubProcess, free_port, hub_process
from tests.unit.test_hub_auth import sign_up

WAIT_S = 3


def attempt(hub: HubProcess, user: str, password: str) -> requests.Response:
    """What the hub answers to a login."""
    browser = hub.browser()
    browser.see("login")
    form = {"username": user, "password": password, "_xsrf": browser.cookies.get("_xsrf", path="/hub/")}
    return browser.post(f"{hub.url}/hub/login", form, allow_redirects=False)


def statuses(hub: HubProcess, user: str, password: str, times: int) -> list[int]:
    return [attempt(hub, user, password).status_code for _ in range(times)]


def test_a_shared_password_is_not_guessed(tmp_path: Path) -> None:
    with hub_process(make_values(admins=["admin1"], users=["user1", "user2"]), tmp_path, free_port()) as hub:
        assert statuses(hub, "user1", "wrong", 5) == [403] * 5
        assert statuses(hub, "User1", "wrong", 6) == [403] * 5 + [429], "a name in any spelling is one name"
        refused = attempt(hub, "user1", USER_PASSWORD)
        assert refused.status_code == 429, "the right password is not told either"
        assert 0 < int(refused.headers["Retry-After"]) <= 300
        assert "Too many failed logins. Try again in" in refused.text
        assert attempt(hub, "user2", USER_PASSWORD).status_code == 302, "nobody else has to wait"
        assert attempt(hub, "admin1", ADMIN_PASSWORD).status_code == 302
        strangers = statuses(hub, "user3", USER_PASSWORD, 12)
        assert strangers == [403] * 12, "the right password opens nothing under a name that is not there"


def test_who_has_waited_gets_in(tmp_path: Path) -> None:
    values = make_values(admins=["admin1"], users=["user1"])
    values["hub"]["config"]["GatewayPasswordAuthenticator"] = {"failed_logins": 2, "wait_s": WAIT_S}
    with hub_process(values, tmp_path, free_port()) as hub:
        assert attempt(hub, "user1", "wrong").status_code == 403
        assert attempt(hub, "user1", USER_PASSWORD).status_code == 302
        assert statuses(hub, "user1", "wrong", 3) == [403, 403, 429], "a login forgets the failures before it"
        time.sleep(WAIT_S)
        assert attempt(hub, "user1", USER_PASSWORD).status_code == 302


def test_a_password_of_her_own_is_not_guessed(tmp_path: Path) -> None:
    values = make_values(auth={"type": "native"}, admins=["admin1"], users=[])
    with hub_process(values, tmp_path, free_port()) as hub:
        sign_up(hub, "admin1", ADMIN_PASSWORD)
        assert attempt(hub, "admin1", ADMIN_PASSWORD).status_code == 302
        # Its page says in words that a login failed.
        assert statuses(hub, "admin1", "wrong-password", 5) == [200] * 5
        assert attempt(hub, "admin1", ADMIN_PASSWORD).status_code == 200
