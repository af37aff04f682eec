"""What the sandbox takes from Debian and PyPI: servers from the one, virtual environments from the other."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox import layout
from sandbox.tools.steps import Report, Step, ToolchainError

SERVERS = {"named": "bind9", "rndc": "bind9-utils", "dig": "bind9-dnsutils", "etcd": "etcd-server"}
"""Programs, and the Debian packages that have them."""
ENGINE = {"docker": "docker.io", "dockerd": "docker.io", "iptables": "iptables"}
"""The same for a Docker engine, where none answers yet."""
CONTAINERS = {
    "docker": "docker.io",
    "docker-registry": "docker-registry",
    "mmdebstrap": "mmdebstrap",
    "newuidmap": "uidmap",  # for mmdebstrap where it is not run by root
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",  # what Ubuntu lacks
}
"""The same for the images, with any engine."""
BROWSER = {"chromium": "chromium", "certutil": "libnss3-tools"}
"""The same for what looks at the desktops."""
FIREFOX = {"firefox-esr": "firefox-esr"}
"""The same for one test of them."""
MONITORING = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}
"""The same for the tests of what Prometheus and Alertmanager are told."""
UNITS = {
    "bind9": ["named.service"],
    "etcd-server": ["etcd.service"],
    "docker.io": ["docker.socket", "docker.service"],
    "docker-registry": ["docker-registry.service"],
    "containerd": ["containerd.service"],
    "prometheus": ["prometheus.service"],
    "prometheus-alertmanager": ["prometheus-alertmanager.service"],
}
"""What those packages would start by themselves, on the whole machine."""

UV_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
}
"""Variables of uv by the setting of pip, and what stands between several values."""

SUITE = "bookworm"
"""The Debian of the base image."""
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")

_CLEAN = 'APT::Keep-Downloaded-Packages "false"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";'
"""As in Debian's own images: what is downloaded to be installed is kept in no layer, where it was a third."""
_BASE_OPTIONS = (
    "--variant=minbase",
    "--components=main",
    "--include=ca-certificates",
    # The machine's own certificate authorities: where it trusts a proxy's, builds must trust it too.
    f"--customize-hook=copy-in {CA_BUNDLE} {CA_BUNDLE.parent}",
    # As in Debian's own images, for packages that are installed on top: no waiting for the disk after each
    # file, no translations, no documentation (but man pages: Java fails without their folder).
    "--dpkgopt=force-unsafe-io",
    '--aptopt=Acquire::Languages "none"',
    f"--customize-hook=echo '{_CLEAN}' > \"$1/etc/apt/apt.conf.d/clean\"",
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "locale")),
)

PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
"""With what only an administrator has on it."""


def program(name: str) -> str | None:
    """Path of an installed program, also of one that only an administrator has on the PATH; or of a file."""
    return shutil.which(name, path=PATH, mode=os.F_OK)


class DebianPackages(Step):
    """Programs by apt; only what is missing."""

    name = "Debian packages"
    recommended = "--no-install-recommends"

    def __init__(self, programs: Mapping[str, str]) -> None:
        """`programs` are packages by the program that each is wanted for."""
        self._programs = programs
        self.about = f"installing {', '.join(self._missing())}"

    def done(self) -> bool:
        """Whether the programs are there, whoever installed them."""
        return not self._missing()

    def run(self, report: Report) -> None:
        """Install as root or by sudo; else say what to install."""
        packages = self._missing()
        install = ["apt-get", "install", "--yes", self.recommended, *packages]
        if not shutil.which("apt-get"):
            programs = ", ".join(name for name, package in self._programs.items() if package in packages)
            raise ToolchainError(f"Install these programs, and run this again: {programs}")
        sudo = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
        if sudo and subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode:
            raise ToolchainError(f"Run this, then go on as before:\n  sudo {' '.join(install)}")
        # In runlevel 1 a machine without systemd starts no service that it installs.
        quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        self.call([*sudo, "apt-get", "update"], report, env=quiet)
        self.call([*sudo, *install], report, env=quiet)
        units = [unit for package in packages for unit in UNITS.get(package, [])]
        if Path("/run/systemd/system").exists() and units:
            self.call([*sudo, "systemctl", "disable", "--now", *units], report)

    def _missing(self) -> list[str]:
        # One package may be there for two programs.
        return sorted({package for name, package in self._programs.items() if program(name) is None})


class Extra(DebianPackages):
    """The same for what others do without: tried once, and what fails is only said."""

    name = "Extra packages"
    recommended = "--install-recommends"  # Firefox decodes H.264 by one of them

    def __init__(self, programs: Mapping[str, str]) -> None:
        super().__init__(programs)
        self.inputs = tuple(programs.values())

    def done(self) -> bool:
        """Whether they are there, or could not be had."""
        return super().done() or Step.done(self)

    def run(self, report: Report) -> None:
        """Install what can be had."""
        try:
            super().run(report)
        except ToolchainError as error:
            print(f"{self.name}: what needs {', '.join(self._missing())} is left out.\n{error}", flush=True)


class DebianBase(Step):
    """Debian's minimal system from its packages, as a tarball for `docker import`."""

    name = "Base image"
    about = f"making Debian {SUITE} from its packages, about half a minute"

    def __init__(self) -> None:
        self.tarball = layout.CACHE / f"debian-{SUITE}.tar"
        self.outputs = (self.tarball,)
        self.inputs = (SUITE, *_BASE_OPTIONS)

    def run(self, report: Report) -> None:
        """Make it beside its place, then rename: it is there whole or not at all."""
        self.tarball.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.tarball.with_suffix(".part.tar")
        self.call(["mmdebstrap", *_BASE_OPTIONS, SUITE, unfinished], report, env={"PATH": PATH})
        unfinished.rename(self.tarball)


class VirtualEnvironment(Step):
    """A virtual environment with the packages of a requirements file."""

    def __init__(self, name: str, about: str, folder: Path, *requirements: Path) -> None:
        """The first of `requirements` is installed; the others are what it refers to."""
        self.name = name
        self.about = about
        self._folder = folder
        self._requirements = requirements[0]
        self.inputs = (sys.version, str(folder), *requirements)
        self.outputs = (folder / "bin" / "python",)

    def run(self, report: Report) -> None:
        """Make it, or bring it up to date in place: another sandbox may be running from it."""
        python = self.outputs[0]
        if not python.exists():
            self.call([sys.executable, "-m", "venv", "--without-pip", self._folder], report)
        words: list[str | Path] = [
            "--index-strategy",
            "unsafe-best-match",
            "--python",
            python,
            "-r",
            self._requirements,
        ]
        self.call(
            [sys.executable, "-m", "uv", "pip", "install", *words],
            report,
            env=uv_environment(),
            cwd=layout.ROOT,
        )


def uv_environment() -> dict[str, str]:
    """Pip's settings on this machine, as variables of uv, which is ten times faster but reads none."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings: dict[str, str] = {}
    for level in ("global", "install", ":env:"):  # the last one wins
        for name, value in re.findall(rf"^{level}\.([a-z-]+)=(.*)$", listed, re.MULTILINE):
            settings[name] = str(ast.literal_eval(value))
    told = {
        variable: separator.join(settings[name].split())
        for name, (variable, separator) in UV_VARIABLES.items()
        if name in settings
    }
    return {"UV_CACHE_DIR": str(layout.CACHE / "uv"), **told}


def openstack() -> VirtualEnvironment:
    """The environment of the OpenStack services and the `openstack` client."""
    return VirtualEnvironment(
        "OpenStack services",
        "installing Keystone, Magnum and Designate, about a minute",
        layout.OPENSTACK_VENV,
        layout.ROOT / "sandbox" / "cloud" / "requirements.txt",
        layout.ROOT / "sandbox" / "cloud" / "constraints.txt",
    )


def desktops() -> VirtualEnvironment:
    """The environment of the tests that open desktops in a browser."""
    return VirtualEnvironment(
        "Desktop tests",
        "installing Playwright, about a minute",
        layout.CACHE / "desktop-tests",
        layout.ROOT / "tests" / "desktop" / "requirements.txt",
        layout.ROOT / "sandbox" / "requirements.txt",
        layout.ROOT / "requirements.txt",
    )
