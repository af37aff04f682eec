"""Full volumes: a home without a free byte or another file, and a full /tmp."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.desktop.gateway import Gateway
from tests.desktop.pod import HOME, Pod
from tests.desktop.screen import Screen, session, until

USER = "user3"
FILL = """
cd
fallocate --length $(($(df --block-size=1M --output=avail . | tail -n 1) - 8))M filler
dd if=/dev/zero of=rest bs=4k || true
while touch "file-with-a-long-name-$((number += 1))"; do :; done
! mkdir folder
"""


@pytest.fixture(scope="module")
def pod(running: Gateway) -> Pod:
    return running.pods[USER]


@pytest.fixture(scope="module")
def full(browser: Browser, running: Gateway, pod: Pod) -> Iterator[Page]:
    """A user's browser, after her login; her home is full before her pod starts."""
    with session(browser, running, USER, "Default", path="lab"):
        pod.run_in(pod.notebook, "sh", "-euc", FILL)
    with session(browser, running, USER, "IDV") as page:
        yield page
    with session(browser, running, USER, "Default", path="lab"):
        pod.run_in(pod.notebook, "sh", "-c", "cd; rm -f filler rest file*")


def windows(pod: Pod) -> str:
    """What xwininfo tells of the desktop's windows."""
    show = "DISPLAY=$(cat /tmp/desktop-1000/display) xwininfo -root -tree"
    return pod.run_in(pod.desktop, "sh", "-c", show)


def test_a_desktop_opens_on_a_full_home_and_says_so(full: Page, pod: Pod) -> None:
    Screen(full).connected()
    until(lambda: f'"{HOME} is full"' in windows(pod), 60)


def test_jupyterlab_opens_on_a_full_home_so_that_she_can_delete(
    full: Page, running: Gateway, pod: Pod
) -> None:
    full.goto(f"{running.url}/user/{USER}/lab")
    files = full.locator(".jp-DirListing-item", has_text="filler")
    files.click(button="right", timeout=60_000)
    full.locator(".lm-Menu-item", has_text="Delete").click()
    full.get_by_role("button", name="Delete").click()
    expect(files).to_have_count(0)
    pod.run_in(pod.notebook, "sh", "-c", "head -c 500000 /dev/zero >~/file1")


def test_an_application_that_fills_tmp_is_told_and_the_pod_lives(
    full: Page, running: Gateway, pod: Pod
) -> None:
    with pytest.raises(AssertionError, match="No space left on device"):
        pod.run_in(pod.desktop, "dd", "if=/dev/zero", "of=/tmp/large", "bs=1M", "count=1100")
    assert pod.running()
    pod.run_in(pod.desktop, "start-desktop", "check")
    until(lambda: '"/tmp is full"' in windows(pod), 60)
    full.goto(f"{running.url}/user/{USER}/desktop/")
    expect(full.locator("#status")).to_have_text("Connected", timeout=60_000)


def test_shared_memory_is_large_enough_in_both_containers(full: Page, pod: Pod) -> None:
    for container in (pod.notebook, pod.desktop):
        size = pod.run_in(container, "df", "--block-size=1M", "--output=size", "/dev/shm")
        assert int(size.split()[1]) == 2048
        pod.run_in(container, "sh", "-c", "head -c 100000000 /dev/zero >/dev/shm/$$; rm /dev/shm/$$")
