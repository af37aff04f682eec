"""list_video.py CODEC: prints, as SPDX, the libraries in PyAV's wheel, of which no package manager knows.

Run by the Python that has PyAV, after install-video has left out what CODEC forbids.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import av

BSD, GPL, LGPL = "BSD-3-Clause", "GPL-2.0-or-later", "LGPL-2.1-or-later"
GNU = "LGPL-3.0-or-later OR GPL-2.0-or-later"
# By the beginning of a name; the longest counts. As their sources say, and FFmpeg's avcodec_license().
LICENCES = {
    **dict.fromkeys(("av", "sw"), "LGPL-3.0-or-later"),
    **dict.fromkeys(("x264", "x265"), GPL),
    **dict.fromkeys(("opus", "speex", "ogg", "vorbis", "vpx", "webp", "sharpyuv"), BSD),
    **dict.fromkeys(("aom", "dav1d", "openh264"), "BSD-2-Clause"),
    **dict.fromkeys(("gmp", "hogweed", "nettle", "unistring"), GNU),
    **dict.fromkeys(("asound", "gnutls", "mvec", "twolame"), LGPL),
    **dict.fromkeys(("Xau", "drm", "xcb"), "MIT"),
    **dict.fromkeys(("crypto", "ssl"), "OpenSSL"),
    "SvtAv1Enc": "BSD-3-Clause-Clear",
    "mp3lame": "LGPL-2.0-or-later",
    "opencore-amr": "Apache-2.0",
    "srt": "MPL-2.0",
}
GONE = {"vp8": ("libx264-", "libx265-")}
FILE = re.compile(r"(lib.+?)-(?:\d-)?[0-9a-f]{8}\.(?:so\.)?([\d.]*\d[a-z]?)")


def package(file: Path) -> dict[str, object]:
    """What the list says of one library; its version is the one in the file's name."""
    found = FILE.match(file.name)
    name, version = found.groups() if found else (file.name, "")
    known = [key for key in LICENCES if name.startswith(f"lib{key}")]
    licence = LICENCES[max(known, key=len)] if known else "NOASSERTION"
    return {
        "SPDXID": f"SPDXRef-{file.name}",
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": licence,
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
        "sourceInfo": f"in the wheel av {av.__version__}: {file}",
    }


def main() -> None:
    """Print the list."""
    files = sorted(Path(av.__file__).parent.with_name("av.libs").iterdir())
    left = [file for file in files if not file.name.startswith(GONE.get(sys.argv[1], ("/",)))]
    name = f"av-{av.__version__}-{sys.argv[1]}"
    listed = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}",
        "creationInfo": {
            "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: list_video"],
        },
        "packages": [package(file) for file in left],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relatedSpdxElement": f"SPDXRef-{file.name}",
                "relationshipType": "DESCRIBES",
            }
            for file in left
        ],
    }
    print(json.dumps(listed, indent=1))


main()
