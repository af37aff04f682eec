"""A home outlives the server, and follows its user to another node."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.desktop.gateway import Gateway
from tests.desktop.screen import ended, session

USER = "user3"
WRITE = """
mkdir -m 700 ~/.ssh
(umask 077; echo secret >~/.ssh/id_ed25519)
echo public >~/.ssh/id_ed25519.pub
printf '#!/bin/sh\\n' >~/run.sh; chmod 750 ~/run.sh
ln -s run.sh ~/again
"""
SHOW = "cd; stat --format='%A %u:%g %N' .ssh .ssh/id_ed25519 .ssh/id_ed25519.pub run.sh again; cat .ssh/*"
KEPT = """\
drwx--S--- 1000:100 '.ssh'
-rw------- 1000:100 '.ssh/id_ed25519'
-rw-r--r-- 1000:100 '.ssh/id_ed25519.pub'
-rwxr-x--- 1000:100 'run.sh'
lrwxrwxrwx 1000:100 'again' -> 'run.sh'
secret
public
"""


def test_a_home_follows_its_user_and_files_keep_their_modes(browser: Browser, running: Gateway) -> None:
    ended(browser, running, "user1")  # else there is room on one node only
    pod = running.pods[USER]
    with session(browser, running, USER, "Default", path="lab"):
        pod.run_in(pod.notebook, "sh", "-euc", WRITE)
        before = pod.node
    pod.kubectl.run("cordon", before)
    try:
        with session(browser, running, USER, "Default", path="lab"):
            assert pod.node != before
            assert pod.run_in(pod.notebook, "sh", "-euc", SHOW) == KEPT
    finally:
        pod.kubectl.run("uncordon", before)
