"""Pulumi's engine, its language host for Python and its provider plugins.

Official are a `pulumi` on the PATH, or one that can be downloaded, and what it installs. Where these can't be
had, sandbox/offline builds the engine and two plugins from their Go modules, and two smaller ones of our own.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import tarfile
import urllib.request
from pathlib import Path

from sandbox import layout
from sandbox.offline import build
from sandbox.tools.steps import Report, Step, ToolchainError

OFFICIAL = "https://get.pulumi.com/releases/sdk/pulumi-v{version}-{system}-{machine}.tar.gz"
OFFICIAL_PROGRAMS = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
CONNECT_TIMEOUT_S = 5
PLUGIN_TIMEOUT_S = 180
"""For the download of an official plugin; they are up to 60 MB."""
PLUGINS = ("openstack", "kubernetes", "command", "docker")
SHARED_HOME = layout.CACHE / "pulumi"
"""PULUMI_HOME while plugins are installed; every sandbox's own home links to its plugins."""


def pinned(package: str) -> str:
    """The version of a Python package in requirements.txt."""
    text = (layout.ROOT / "requirements.txt").read_text(encoding="utf-8")
    match = re.search(rf"^{re.escape(package)}==(\S+)$", text, re.MULTILINE)
    if not match:
        raise ToolchainError(f"requirements.txt pins no version of {package}")
    return match[1]


def official() -> Path | None:
    """The `pulumi` that the machine has of its own."""
    folders = [f for f in os.environ.get("PATH", "").split(os.pathsep) if f and Path(f) != layout.BIN]
    found = shutil.which("pulumi", path=os.pathsep.join(folders))
    return Path(found) if found else None


def _built() -> Path:
    """There where the engine could not be downloaded: the plugins come from the same place."""
    return layout.CACHE / "engine-built"


class Engine(Step):
    """`pulumi` and its language host for Python."""

    name = "Pulumi"
    about = "getting the engine: downloaded, or built from its source in some 3 minutes"

    def __init__(self) -> None:
        self._build = build.engine()
        self.inputs = self._build.inputs
        self.outputs = tuple(layout.BIN / program for program in OFFICIAL_PROGRAMS)

    def done(self) -> bool:
        """Whether it was made here, or the machine has one."""
        return super().done() or official() is not None

    def run(self, report: Report) -> None:
        """Download it; where that is not possible, build it and put our language host beside it."""
        _built().unlink(missing_ok=True)
        try:
            self._download(report)
        except (OSError, tarfile.TarError) as reason:
            report(f"the official engine can't be downloaded here ({reason}): building it")
            self._build.run(report)
            build.install_language_host(report)
            layout.CACHE.mkdir(parents=True, exist_ok=True)
            _built().touch()

    @staticmethod
    def _download(report: Report) -> None:
        machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        url = OFFICIAL.format(version=pinned("pulumi"), system=platform.system().lower(), machine=machine)
        report(f"downloading {url}")
        with (
            urllib.request.urlopen(url, timeout=CONNECT_TIMEOUT_S) as answer,  # noqa: S310 - https, above
            tarfile.open(fileobj=answer, mode="r|gz") as archive,
        ):
            for member in archive:
                member.name = Path(member.name).name
                if member.isfile() and member.name in OFFICIAL_PROGRAMS:
                    archive.extract(member, layout.BIN, filter="data")


class Plugin(Step):
    """One provider plugin, in the version of its Python package."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._version = pinned(f"pulumi-{provider}")
        self.name = f"Plugin {provider}"
        self.about = f"getting the plugin {provider} {self._version}: downloaded, or built here"
        self._build = build.plugin(provider, self._version)
        self.inputs = self._build.inputs
        installed = SHARED_HOME / "plugins" / f"resource-{provider}-v{self._version}"
        self.outputs = (installed / f"pulumi-resource-{provider}",)

    def run(self, report: Report) -> None:
        """Install the official plugin, or what is built here as if it had been downloaded."""
        if not _built().exists():
            try:
                self._install(report)
            except ToolchainError as reason:
                report(f"the official plugin can't be downloaded here ({str(reason).splitlines()[-1]})")
            else:
                return
        self._build.run(report)
        built = self._build.outputs[0]
        self._install(report, "--file", str(built))
        built.unlink(missing_ok=True)

    def _install(self, report: Report, *words: str) -> None:
        ours = layout.BIN / "pulumi"
        pulumi = str(ours) if ours.exists() else "pulumi"
        # --reinstall: what was built from older sources has the same version, and would be left as it is.
        self.call(
            [pulumi, "plugin", "install", "resource", self._provider, self._version, "--reinstall", *words],
            report,
            env={"PULUMI_HOME": str(SHARED_HOME), "PULUMI_SKIP_UPDATE_CHECK": "true"},
            timeout=PLUGIN_TIMEOUT_S,
        )


def plugins() -> list[Plugin]:
    """A step for each plugin that the program needs."""
    return [Plugin(provider) for provider in PLUGINS]
