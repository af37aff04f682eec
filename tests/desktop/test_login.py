"""The hub's login behind the real ingress."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from sandbox.check.visit import try_to_log_in
from tests.desktop.gateway import Gateway

GUESSED = "admin2"
"""Nobody else logs in under this name."""


def test_who_guesses_a_password_has_to_wait(browser: Browser, running: Gateway) -> None:
    right = running.stack.pulumi("config", "get", "gateway:adminPassword").strip()
    context = browser.new_context()
    for _ in range(10):
        page = try_to_log_in(context, running.url, GUESSED, "a guess")
        expect(page.get_by_text("Invalid username or password")).to_be_visible()
        page.close()
    page = try_to_log_in(context, running.url, GUESSED, right)
    expect(page.get_by_text("Too many failed logins. Try again in")).to_be_visible()
    page = try_to_log_in(context, running.url, "user3", running.password)
    expect(page.get_by_role("button", name="Logout")).to_be_visible()
    context.close()
