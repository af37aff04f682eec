"""Who gets into the hub: a real JupyterHub of the chart's version, restarted with changed settings."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from jupyterhub.app import JupyterHub  # type: ignore[import-untyped]

from tests.unit.hub import ADMIN_PASSWORD, USER_PASSWORD, hub_config, make_values
from tests.unit.hub_process import Browser, HubProcess, end_servers, free_port, hub_process, until


@dataclass(frozen=True)
class Left:
    """What those have who were logged in before the settings changed."""

    hub: HubProcess
    removed_user: Browser
    removed_admin: Browser
    former_admin: Browser
    remaining: Browser


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    """A hub from whose settings a user and an admin were taken; another admin is a mere user now."""
    scratch, port = tmp_path_factory.mktemp("hub"), free_port()
    before = make_values(admins=["admin1", "admin2", "admin3"], users=["user1", "user2"])
    with hub_process(before, scratch, port) as hub:
        users = [hub.browser(name, USER_PASSWORD) for name in ("user1", "user2")]
        admins = [hub.browser(name, ADMIN_PASSWORD) for name in ("admin1", "admin2")]
        for someone, name in zip([*users, *admins], ["user1", "user2", "admin1", "admin2"], strict=True):
            assert someone.ask("POST", f"users/{name}/server").ok
            until(lambda someone=someone: someone.running())
            assert someone.ask("POST", f"users/{name}/tokens", {}).ok
    after = make_values(admins=["admin3"], users=["user2", "admin2"])
    with hub_process(after, scratch, port) as hub:
        yield Left(hub, users[0], admins[0], admins[1], users[1])
    end_servers(scratch)


def test_cookies_go_to_the_gateway_alone(changed: Left) -> None:
    someone = changed.hub.browser()
    page = someone.get(f"{someone.url}/hub/login")
    form = {"username": "user2", "password": USER_PASSWORD, "_xsrf": page.cookies["_xsrf"]}
    answer = someone.post(page.url, form, allow_redirects=False)
    assert answer.status_code == 302
    kept = [line for told in (page, answer) for line in told.raw.headers.getlist("Set-Cookie")]
    assert {line.partition("=")[0] for line in kept} == {
        "_xsrf",
        "jupyterhub-hub-login",
        "jupyterhub-session-id",
    }
    for line in kept:
        assert "SameSite=Lax" in line, line


def authenticate(name: str, password: str, **settings: Any) -> dict[str, Any] | None:
    """What the hub's authenticator, as our values configure it, says to a name and a password."""
    config = hub_config(make_values(**settings))
    made = JupyterHub(config=config).authenticator_class(config=config)
    answer = asyncio.run(made.get_authenticated_user(None, {"username": name, "password": password}))
    return dict(answer) if answer else None


@pytest.mark.parametrize(
    "name",
    [
        "admin1",
        "ADMIN1",
        "Admin1",
        " admin1",
        "admin1 ",
        "\u2003admin1",
        "\uff41dmin1",
        "a\u0308dmin1",
        "admin1\0",
    ],
)
def test_no_spelling_of_an_admins_name_goes_with_the_users_password(name: str) -> None:
    assert authenticate(name, USER_PASSWORD) is None


def test_the_sign_of_kelvin_is_a_k_to_the_hub_too() -> None:
    assert authenticate("\u212aim", USER_PASSWORD, admins=["kim"]) is None
    assert authenticate("\u212aim", USER_PASSWORD, users=["kim"])


@pytest.mark.parametrize("name", ["admin1", "ADMIN1"])
def test_an_admin_is_let_in_with_the_admins_password(name: str) -> None:
    found = authenticate(name, ADMIN_PASSWORD)
    assert found and (found["name"], found["admin"]) == ("admin1", True)


def test_a_user_is_let_in_with_the_users_password_only() -> None:
    found = authenticate("User1", USER_PASSWORD)
    assert found and (found["name"], found["admin"]) == ("user1", False)
    assert authenticate("user1", ADMIN_PASSWORD) is None
    assert authenticate("nobody", USER_PASSWORD) is None


def test_a_hub_of_admins_alone_lets_them_in() -> None:
    assert authenticate("admin1", ADMIN_PASSWORD, users=[])


@pytest.mark.parametrize(("name", "password"), [("user1", USER_PASSWORD), ("admin1", ADMIN_PASSWORD)])
def test_who_was_removed_can_not_log_in(changed: Left, name: str, password: str) -> None:
    for given in (password, USER_PASSWORD):
        assert not changed.hub.browser().log_in(name, given)


@pytest.mark.parametrize("who", ["removed_user", "removed_admin"])
def test_who_was_removed_is_logged_out(changed: Left, who: str) -> None:
    browser: Browser = getattr(changed, who)
    assert browser.whoami() is None
    assert browser.see("home") == 302
    assert browser.see("spawn") == 302


def test_servers_of_those_who_were_removed_are_stopped(changed: Left) -> None:
    admin = changed.hub.browser("admin3", ADMIN_PASSWORD)
    users = {user["name"]: user for user in admin.ask("GET", "users").json()}
    assert {name for name, user in users.items() if user["servers"]} == {"user2", "admin2"}
    assert not users["user1"]["roles"] and not users["admin1"]["roles"]


def test_who_is_no_admin_any_more_is_a_user(changed: Left) -> None:
    found = changed.former_admin.whoami()
    assert found and (found["admin"], found["roles"]) == (False, ["user"])
    assert changed.former_admin.ask("GET", "users").status_code == 403
    again = changed.hub.browser("admin2", USER_PASSWORD)
    assert not (again.whoami() or {"admin": True})["admin"]


def test_who_remains_notices_nothing(changed: Left) -> None:
    assert changed.remaining.running()
    assert changed.hub.browser("user2", USER_PASSWORD).see("home") == 200


def test_nobody_gets_in_by_the_page_of_the_admins(changed: Left) -> None:
    admin = changed.hub.browser("admin3", ADMIN_PASSWORD)
    refused = admin.ask("POST", "users", {"usernames": ["user9"]})
    assert refused.status_code == 400
    assert "gateway:hub.users" in refused.json()["message"]
    assert not changed.hub.browser().log_in("user9", USER_PASSWORD)


def test_five_starts_that_fail_do_not_end_the_hub(changed: Left) -> None:
    (changed.hub.log.parent / "broken").touch()
    user = changed.hub.browser("admin3", ADMIN_PASSWORD)
    for _ in range(6):
        user.ask("POST", "users/admin3/server")
        until(lambda: not user.starting())
    # JupyterHub ends two seconds after the start that was one too many.
    with pytest.raises(subprocess.TimeoutExpired):
        changed.hub.process.wait(4)
    assert user.see("home") == 200
