"""Full volumes: a home without a free byte or another file, and a full /tmp."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.containers import ContainersError, Engine
from tests.desktop.gateway import Gateway, gateway
from tests.desktop.pods import HOME, Pod, memory_volume
from tests.desktop.screen import Screen, log_in, until

FILL = """
dd if=/dev/zero of=filler bs=64k || true
while touch "file$((number += 1))"; do :; done
! mkdir folder
"""


@pytest.fixture(scope="module")
def crowded(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway where user1's home is full before her first start."""
    with gateway(engine, tmp_path_factory.mktemp("crowded")) as started:
        pod = started.pods["user1"]
        volume, holder = f"{pod.name}-home", f"{pod.name}-holder"
        memory_volume(engine, volume, "size=1m,nr_inodes=8,mode=2770,uid=1000,gid=100")
        # Docker empties a volume in memory that no container has.
        engine.docker(
            "run", "--detach", f"--name={holder}", f"--volume={volume}:{HOME}", f"--workdir={HOME}",
            "--user=1000:100", engine.base, "sleep", "infinity",
        )  # fmt: skip
        try:
            engine.docker("exec", holder, "sh", "-euc", FILL)
            yield started
        finally:
            engine.docker("rm", "--force", holder)


@pytest.fixture(scope="module")
def full(browser: Browser, crowded: Gateway) -> Iterator[Page]:
    """user1's browser, after her login."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    yield log_in(context, crowded, "user1")
    context.close()


def windows(pod: Pod) -> str:
    """What xwininfo tells of the desktop's windows."""
    show = "DISPLAY=$(cat /tmp/desktop-1000/display) xwininfo -root -tree"
    return pod.run_in(pod.sidecars[0], "sh", "-c", show)


def test_a_desktop_opens_on_a_full_home_and_says_so(full: Page, crowded: Gateway) -> None:
    Screen(full).connected()
    until(lambda: f'"{HOME} is full"' in windows(crowded.pods["user1"]), 60)


def test_jupyterlab_opens_on_a_full_home_so_that_she_can_delete(full: Page, crowded: Gateway) -> None:
    pod = crowded.pods["user1"]
    full.goto(f"{crowded.url}/user/user1/lab")
    files = full.locator(".jp-DirListing-item", has_text="filler")
    files.click(button="right", timeout=60_000)
    full.locator(".lm-Menu-item", has_text="Delete").click()
    full.get_by_role("button", name="Delete").click()
    expect(files).to_have_count(0)
    pod.run_in(pod.notebook, "sh", "-c", "head -c 500000 /dev/zero >~/file1")


def test_an_application_that_fills_tmp_is_told_and_the_pod_lives(full: Page, crowded: Gateway) -> None:
    pod = crowded.pods["user1"]
    with pytest.raises(ContainersError, match="No space left on device"):
        pod.run_in(pod.sidecars[0], "dd", "if=/dev/zero", "of=/tmp/large", "bs=1M", "count=1100")
    assert pod.running()
    pod.run_in(pod.sidecars[0], "start-desktop", "check")
    until(lambda: '"/tmp is full"' in windows(pod), 60)
    full.goto(f"{crowded.url}/user/user1/desktop/")
    expect(full.locator("#status")).to_have_text("Connected", timeout=60_000)


def test_shared_memory_is_large_enough_in_both_containers(full: Page, crowded: Gateway) -> None:
    pod = crowded.pods["user1"]
    for container in (pod.notebook, *pod.sidecars):
        size = pod.run_in(container, "df", "--block-size=1M", "--output=size", "/dev/shm")
        assert int(size.split()[1]) == 2048
        pod.run_in(container, "sh", "-c", "head -c 100000000 /dev/zero >/dev/shm/$$; rm /dev/shm/$$")
