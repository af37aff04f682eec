"""Files between the user's computer and her home: dropped, chosen, pasted, downloaded."""

from __future__ import annotations

import hashlib
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.desktop.gateway import Gateway
from tests.desktop.screen import Screen, violations

SIZE = 3_500_000
"""Bytes: four parts."""
DROP = """([name, size]) => {
    const bytes = Uint8Array.from({length: size}, (_, i) => i * 7 % 251);
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name));
    const where = document.querySelector('#screen canvas');
    for (const type of ['dragover', 'drop']) {
        where.dispatchEvent(new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
    }
}"""

WATCH = """() => {
    window.fractions = [];
    const note = (changes) => window.fractions.push(...changes.map(({target}) => target.value));
    const options = {subtree: true, attributeFilter: ['value']};
    new MutationObserver(note).observe(document.querySelector('#transfers'), options);
}"""


def drop(page: Page, name: str, size: int) -> str:
    """Drop a file on the desktop; the SHA-256 of what is in it."""
    page.evaluate(DROP, [name, size])
    return hashlib.sha256(bytes(i * 7 % 251 for i in range(size))).hexdigest()


def in_home(gateway: Gateway, name: str) -> str:
    """The SHA-256 of a file in the first user's home, where the desktop sees it."""
    pod = gateway.pods["user1"]
    return pod.run_in(pod.desktop, "sha256sum", f"/home/jovyan/{name}").split()[0]


def remove(gateway: Gateway, *names: str) -> None:
    pod = gateway.pods["user1"]
    pod.run_in(pod.notebook, "rm", "-f", *[f"/home/jovyan/{name}" for name in names])


def test_a_dropped_file_lands_in_the_home(screen: Screen, running: Gateway) -> None:
    remove(running, "dropped.nc", "dropped (2).nc")
    screen.page.evaluate(WATCH)
    expected = drop(screen.page, "dropped.nc", SIZE)
    told = screen.page.locator("#transfers")
    expect(told).to_contain_text("dropped.nc is in your home.", timeout=30_000)
    assert in_home(running, "dropped.nc") == expected
    fractions = screen.page.evaluate("window.fractions")
    assert len(fractions) == 4 and fractions == sorted(fractions) and fractions[-1] == 1
    # Another one of this name is not written over it.
    other = drop(screen.page, "dropped.nc", 100)
    expect(told).to_contain_text("dropped (2).nc is in your home.", timeout=30_000)
    assert in_home(running, "dropped.nc") == expected
    assert in_home(running, "dropped (2).nc") == other
    expect(told).to_be_empty(timeout=20_000)


def test_what_can_not_be_saved_is_told(screen: Screen, running: Gateway) -> None:
    def refuse(route: Route) -> None:
        if route.request.method == "PUT":
            route.fulfill(status=500, json={"message": "No space left on device"})
        else:
            route.fallback()

    screen.page.route("**/api/contents/**", refuse)
    drop(screen.page, "large.nc", 100)
    told = screen.page.locator("#transfers")
    expect(told).to_contain_text("large.nc could not be saved: No space left on device")
    assert violations(screen.page) == []
    told.get_by_role("button", name="Close").click()
    expect(told).to_be_empty()
    screen.page.unroute("**/api/contents/**")


def test_files_are_chosen_and_downloaded(screen: Screen, running: Gateway, tmp_path: Path) -> None:
    pod = running.pods["user1"]
    pod.run_in(pod.notebook, "sh", "-c", "mkdir -p ~/results && echo drawn >~/results/'map #1.txt'")
    remove(running, "chosen.txt")
    chosen = tmp_path / "chosen.txt"
    chosen.write_text("chosen")
    page = screen.page
    page.get_by_role("button", name="Files").click()
    page.get_by_role("button", name="results/").click()
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="map #1.txt").click()
    assert download.value.suggested_filename == "map #1.txt"
    assert download.value.path().read_text() == "drawn\n"
    page.get_by_role("button", name="One folder up").click()
    expect(page.get_by_role("button", name="results/")).to_be_visible()
    page.get_by_label("Upload files to your home").set_input_files(chosen)
    expect(page.locator("#transfers")).to_contain_text("chosen.txt is in your home.")
    assert pod.run_in(pod.desktop, "cat", "/home/jovyan/chosen.txt") == "chosen"


def test_a_picture_that_is_pasted_becomes_a_file(screen: Screen, running: Gateway) -> None:
    remove(running, "image.png")
    screen.page.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(40, 30);
            canvas.getContext('2d').fillRect(0, 0, 20, 20);
            const picture = await canvas.convertToBlob({type: 'image/png'});
            await navigator.clipboard.write([new ClipboardItem({'image/png': picture})]);
        }"""
    )
    screen.page.locator("#typing").focus()
    screen.page.keyboard.press("Control+v")
    expect(screen.page.locator("#transfers")).to_contain_text("image.png is in your home.")
    pod = running.pods["user1"]
    head = pod.run_in(pod.desktop, "od", "-An", "-tx1", "-N8", "/home/jovyan/image.png")
    assert head.split() == ["89", "50", "4e", "47", "0d", "0a", "1a", "0a"]
