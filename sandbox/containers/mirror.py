"""Images under their real names, for real nodes: quay.io/NAME is mirror/quay.io/NAME in the registry here.

Containerd is told to ask there (clusters/nodes/files.py), so charts keep their own images' names.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from sandbox.containers import registry
from sandbox.containers.engine import Engine

PREFIX = "mirror"
REGISTRIES = ("docker.io", "ghcr.io", "quay.io", "registry.k8s.io")
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
_BYTES = "application/octet-stream"
_NOBODY = "65535:65535"


def build(engine: Engine, reference: str, folder: Path) -> None:
    """Build the Dockerfile in `folder` as `reference`, and put it into the registry. Raises ContainersError.

    BASE is Debian's minimal system. Sources that changed are not seen: `make sandbox-reset` forgets what was
    built.
    """
    name = f"{engine.registry}/{PREFIX}/{reference}"
    engine.docker("build", "--quiet", f"--build-arg=BASE={engine.base}", f"--tag={name}", str(folder))
    engine.docker("push", "--quiet", name)


def has(reference: str) -> bool:
    """Whether the registry, which runs, has `reference`."""
    repository, tag = _parts(reference)
    return registry.serves(f"{repository}/manifests/{tag}")


def push_program(
    reference: str,
    program: Path,
    *,
    files: dict[str, bytes] | None = None,
    user: str = _NOBODY,
    folder: str = "",
) -> None:
    """Put an image of one static program into the registry, which runs; nothing else is in it but `files`.

    Args:
        reference: the image's name and tag, its registry included.
        program: becomes /NAME in the image, below `folder`, and its entry point.
        files: what else lies in the image, by path without its first slash.
        user: uid and gid that it runs as.
        folder: path without its first slash, for a program whose name is that of a folder that pods mount.

    Raises:
        OSError: the registry does not take it.
    """
    repository, tag = _parts(reference)
    layer, config = contents(program, files=files, user=user, folder=folder)
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, **_upload(repository, config)},
        "layers": [{"mediaType": _LAYER, **_upload(repository, layer)}],
    }
    registry.ask("PUT", f"{repository}/manifests/{tag}", json.dumps(manifest).encode(), _MANIFEST)


def contents(
    program: Path, *, files: dict[str, bytes] | None = None, user: str = _NOBODY, folder: str = ""
) -> tuple[bytes, bytes]:
    """The only layer and the configuration of an image of one static program (push_program)."""
    place = str(Path(folder, program.name))
    layer = tar({place: program.read_bytes()}, mode=0o755, more=files)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": [f"/{place}"], "User": user},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    return layer, json.dumps(config).encode()


def tar(files: dict[str, bytes], *, mode: int = 0o644, more: dict[str, bytes] | None = None) -> bytes:
    """An archive of `files` with `mode`, and of `more`, which everybody may read."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for bits, some in ((mode, files), (0o644, more or {})):
            for name, content in some.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), bits
                archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _parts(reference: str) -> tuple[str, str]:
    repository, _, tag = reference.rpartition(":")
    return f"{PREFIX}/{repository}", tag


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _upload(repository: str, data: bytes) -> dict[str, Any]:
    place = registry.ask("POST", f"{repository}/blobs/uploads/", b"", _BYTES).headers["Location"]
    registry.ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={_digest(data)}", data, _BYTES)
    return {"digest": _digest(data), "size": len(data)}
