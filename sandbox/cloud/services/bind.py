"""BIND: answers for the zones that Designate gives it, on a loopback port, from files of its own."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from pathlib import Path

from sandbox import layout
from sandbox.cloud import settings

NAME = "bind"
_HOME = settings.HOME / NAME
RNDC_KEY = _HOME / "rndc.key"
_KEY_NAME = "sandbox"


def write_config() -> Path:
    """Write named.conf and the key with which Designate's worker steers BIND; give the path of the first."""
    (_HOME / "zones").mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(settings.secret("rndc").encode()).digest()
    RNDC_KEY.touch(mode=0o600)
    RNDC_KEY.write_text(
        f'key "{_KEY_NAME}" {{ algorithm hmac-sha256; secret "{base64.b64encode(digest).decode()}"; }};\n'
    )
    config = _HOME / "named.conf"
    config.write_text(
        f"""include "{RNDC_KEY}";
options {{
  directory "{_HOME / "zones"}";
  pid-file none;
  session-keyfile none;
  managed-keys-directory "{_HOME / "zones"}";
  listen-on port {layout.port("bind")} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  allow-new-zones yes;
  allow-query {{ 127.0.0.1; }};
  allow-notify {{ 127.0.0.1; }};
  allow-transfer {{ none; }};
  recursion no;
  dnssec-validation no;
  notify no;
  min-refresh-time 1;
  max-refresh-time 60;
  min-retry-time 1;
  max-retry-time 5;
  minimal-responses yes;
  empty-zones-enable no;
}};
controls {{ inet 127.0.0.1 port {layout.port("rndc")} allow {{ 127.0.0.1; }} keys {{ "{_KEY_NAME}"; }}; }};
"""
    )
    return config


def command() -> list[str]:
    """The command line that serves in the foreground and logs to its standard error."""
    return [str(_own_copy()), "-g", "-n", "1", "-c", str(write_config())]


def _own_copy() -> Path:
    """A copy of `named`: Ubuntu's AppArmor profile would keep the one in /usr/sbin out of our folders."""
    source = shutil.which("named", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if source is None:
        raise FileNotFoundError("BIND is not installed: no `named` on the PATH (Debian: bind9).")
    copy = _HOME / "named"
    if not copy.exists() or copy.stat().st_mtime != Path(source).stat().st_mtime:
        _HOME.mkdir(parents=True, exist_ok=True)
        fresh = shutil.copy2(source, copy.with_suffix(".new"))
        Path(fresh).replace(copy)
    return copy
