"""Builds Pulumi's engine and plugins where the official ones can't be downloaded; adds our language host."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox import layout
from sandbox.tools.golang import Embedded, GoPrograms, go, go_environment, module_version
from sandbox.tools.steps import Report

SDK = "github.com/pulumi/pulumi/sdk/v3"
SOURCES = Path(__file__).parent
ENGINE_VERSION = module_version(SOURCES, SDK)
PLUGINS = SOURCES / "plugins"
EMBEDDED = {
    "kubernetes": Embedded(
        "github.com/pulumi/pulumi-kubernetes/provider/v4",
        "cmd/pulumi-resource-kubernetes",
        ("schema.json", "terraform-mapping.json"),
    )
}


def engine() -> GoPrograms:
    """`pulumi` from its Go module."""
    return GoPrograms(
        "Pulumi",
        f"building the engine {ENGINE_VERSION} from its source, some 3 minutes",
        SOURCES,
        ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
        sources=[SOURCES / "go.mod", SOURCES / "go.sum"],
        variables={f"{SDK}/go/common/version.Version": ENGINE_VERSION},
    )


def install_language_host(report: Report) -> None:
    """Put `pulumi-language-python` beside the engine: our host, and the executor of Pulumi's SDK."""
    report("language host for Python")
    executor = layout.BIN / "pulumi-language-python-exec"
    words = [str(go()), "list", "-m", "-f", "{{.Dir}}", SDK]
    answer = subprocess.run(
        words,
        cwd=SOURCES,
        env={**os.environ, **go_environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    shutil.copyfile(Path(answer.stdout.strip(), "python", "cmd", executor.name), executor)
    host = layout.BIN / "pulumi-language-python"
    # -P: the folder of the host must not stand in for packages of the same name.
    host.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -P "{SOURCES / "language_host.py"}" "{executor}" '
        f'{ENGINE_VERSION} "$@"\n',
        encoding="utf-8",
    )
    host.chmod(0o755)


def plugin(provider: str, version: str) -> GoPrograms:
    """A provider's plugin, from a module of its own or from the one that the engine and the others share."""
    own = (PLUGINS / provider / "go.mod").exists()
    shared = [] if own else [SOURCES / "go.mod", SOURCES / "go.sum", PLUGINS / "base"]
    return GoPrograms(
        f"Plugin {provider}",
        f"building the plugin {provider} {version}",
        PLUGINS / provider if own else SOURCES,
        ["sandbox/offline/plugins/" + provider],
        sources=[*shared, PLUGINS / provider],
        variables={"main.version": version},
        # Not in BIN, which is on the PATH.
        folder=layout.CACHE / "plugins",
        embedded=EMBEDDED.get(provider),
    )
