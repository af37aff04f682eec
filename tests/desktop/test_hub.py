"""The hub restarts while a user is at work."""

from __future__ import annotations

from tests.desktop.gateway import Gateway
from tests.desktop.pod import NAMESPACE
from tests.desktop.screen import Screen


def test_the_hub_restarts_under_a_desktop_at_work(screen: Screen, running: Gateway) -> None:
    pod = running.pods["user1"]
    before = (pod.found() or {})["metadata"]["uid"]
    screen.watch()
    pod.kubectl.run("rollout", "restart", "deployment/hub", "-n", NAMESPACE)
    for _ in range(3):
        screen.press_pad()
    pod.kubectl.run("rollout", "status", "deployment/hub", "-n", NAMESPACE, "--timeout=120s")
    screen.untouched()
    assert (pod.found() or {})["metadata"]["uid"] == before
    screen.page.reload()  # asks the hub who she is
    screen.connected()
