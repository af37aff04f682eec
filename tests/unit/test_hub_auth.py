"""Each way to log in, with JupyterHub's own authenticators in a real hub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from oidc_provider_mock import run_server_in_thread  # type: ignore[import-untyped]
from werkzeug.serving import BaseWSGIServer

from components.settings.auth import KINDS
from tests.unit.hub import ADMIN_PASSWORD, WAYS, make_values
from tests.unit.hub_process import Browser, HubProcess, end_servers, free_port, hub_process, until

CALLBACK = "/hub/oauth_callback"
SITES = {
    "github": "https://github.com/login/oauth/authorize",
    "cilogon": "https://cilogon.org/authorize",
    "globus": "https://auth.globus.org/v2/oauth2/authorize",
    "google": "https://accounts.google.com/o/oauth2/v2/auth",
}
"""Where each sends a browser."""


def test_every_kind_has_a_case() -> None:
    assert sorted(way["type"] for way in WAYS) == sorted(KINDS)


@pytest.mark.parametrize(
    "way", [way for way in WAYS if way["type"] in SITES], ids=lambda way: str(way["type"])
)
def test_a_site_is_asked_with_the_gateways_client_and_callback(way: dict[str, Any], tmp_path: Path) -> None:
    with hub_process(make_values(auth=way), tmp_path, free_port()) as hub:
        answer = hub.browser().get(f"{hub.url}/hub/oauth_login", allow_redirects=False)
    where = urlsplit(answer.headers["Location"])
    asked = parse_qs(where.query)
    assert where._replace(query="").geturl() == SITES[way["type"]]
    assert asked["client_id"] == [way["clientId"]]
    assert asked["redirect_uri"] == [f"https://gw25.zone.test{CALLBACK}"]


@dataclass(frozen=True)
class Issuer:
    """A provider of OpenID Connect on this machine, and a hub that takes its accounts."""

    server: BaseWSGIServer
    hub: HubProcess

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def visit(self, user: str) -> tuple[Browser, int]:
        """A browser in which `user` says at the issuer who she is, and the status that the hub then gives."""
        browser = self.hub.browser()
        asked = browser.get(f"{self.hub.url}/hub/oauth_login", allow_redirects=False).headers["Location"]
        assert asked.startswith(self.url)
        back = browser.post(asked, {"sub": user}, allow_redirects=False).headers["Location"]
        return browser, browser.get(back, allow_redirects=False).status_code

    def know(self, user: str, **claims: Any) -> None:
        """From now on the issuer says this of `user`."""
        said = {"preferred_username": user, **claims}
        assert requests.put(f"{self.url}/users/{user}", json=said, timeout=5).ok


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    """Members of the group `met` get in, and user2, whom the settings name."""
    port = free_port()
    values = make_values(auth=WAYS[-1], users=["user2"], admins=["admin1"])
    with run_server_in_thread() as server:
        config = values["hub"]["config"]
        config["GatewayOIDCAuthenticator"]["issuer"] = f"http://127.0.0.1:{server.server_port}"
        config["OAuthenticator"]["oauth_callback_url"] = f"http://127.0.0.1:{port}{CALLBACK}"
        with hub_process(values, tmp_path, port) as hub:
            yield Issuer(server, hub)
        end_servers(tmp_path)


def test_an_issuer_vouches_and_the_settings_decide(issuer: Issuer) -> None:
    for user, groups in {"user1": ["met"], "user2": [], "user3": ["chemistry"], "admin1": []}.items():
        issuer.know(user, groups=groups)
    came = {user: issuer.visit(user) for user in ("user1", "user2", "user3", "admin1")}
    assert {user: status for user, (_, status) in came.items()} == {
        "user1": 302,
        "user2": 302,
        "user3": 403,
        "admin1": 302,
    }
    known = {user: browser.whoami() for user, (browser, _) in came.items()}
    assert known["user3"] is None
    assert {user: who["admin"] for user, who in known.items() if who} == {
        "user1": False,
        "user2": False,
        "admin1": True,
    }
    # hub_values/profiles.py goes by them.
    assert {user: who["groups"] for user, who in known.items() if who} == {
        "user1": ["met"],
        "user2": [],
        "admin1": [],
    }


def test_who_has_left_the_group_starts_no_server(issuer: Issuer) -> None:
    issuer.know("user1", groups=["met"])
    browser, _ = issuer.visit("user1")
    assert browser.ask("POST", "users/user1/server").ok
    until(browser.running)
    assert browser.ask("DELETE", "users/user1/server").ok
    until(lambda: not browser.running() and not browser.starting())
    issuer.know("user1", groups=[])
    assert browser.ask("POST", "users/user1/server").status_code == 403


def test_who_is_logged_in_stays_while_the_issuer_does_not_answer(issuer: Issuer) -> None:
    issuer.know("user1", groups=["met"])
    browser, _ = issuer.visit("user1")
    issuer.server.shutdown()
    issuer.server.server_close()
    assert browser.ask("POST", "users/user1/server").ok
    until(browser.running)


def sign_up(hub: HubProcess, user: str, password: str) -> None:
    browser = hub.browser()
    page = browser.get(f"{hub.url}/hub/signup")
    xsrf = browser.cookies.get("_xsrf", path="/hub/")
    form = {
        "username": user,
        "signup_password": password,
        "signup_password_confirmation": password,
        "_xsrf": xsrf,
    }
    assert page.ok
    assert browser.post(f"{hub.url}/hub/signup", form).ok


def test_a_browser_that_saw_the_login_page_never_asks_by_plain_http(tmp_path: Path) -> None:
    with hub_process(make_values(admins=["admin1"], users=["user1"]), tmp_path, free_port()) as hub:
        page = hub.browser().get(f"{hub.url}/hub/login")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"], "the hub's own headers stay"


def test_native_users_wait_for_an_admin_whose_name_nobody_takes(tmp_path: Path) -> None:
    password = "a-password-of-her-own"
    values = make_values(auth={"type": "native"}, admins=["admin1"], users=[])
    values["hub"]["config"]["Authenticator"]["auth_refresh_age"] = 1
    with hub_process(values, tmp_path, free_port()) as hub:
        sign_up(hub, "admin1", password)
        assert not hub.browser().log_in("admin1", password)
        sign_up(hub, "admin1", ADMIN_PASSWORD)
        admin = hub.browser("admin1", ADMIN_PASSWORD)
        sign_up(hub, "user1", password)
        assert not hub.browser().log_in("user1", password)
        assert admin.get(f"{hub.url}/hub/authorize/user1").ok
        user = hub.browser("user1", password)
        assert user.whoami()
        assert not (user.whoami() or {})["admin"]
        assert admin.get(f"{hub.url}/hub/authorize/user1").ok  # takes it back
        assert not hub.browser().log_in("user1", password)
        until(lambda: user.whoami() is None)
