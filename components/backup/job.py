"""Take a snapshot of every home, and delete the oldest of each home beyond KEEP.

A CronJob runs this in a pod of the hub's image (components/backup/backup.py). That image has `requests` and
no openstacksdk. So Cinder is asked by its plain API, and of this program only modules are imported that need
nothing but the standard library.

Environment: AUTH_URL, CREDENTIAL_ID, CREDENTIAL_SECRET, VOLUMES_URL, GATEWAY, STACK, CLUSTER (its name in the
volumes' metadata), NAMESPACE, KEEP. Exit 1: a home has no new snapshot.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from components.cloud.ownership import OWNER_LABEL, Owner
from components.homes.metadata import CLAIM, claim_in

ANSWER_SECONDS = 60
READY_SECONDS = 1800
"""How long all new snapshots together may take."""
POLL_SECONDS = 2
# 429 and what a proxy answers while Cinder restarts. A snapshot that is taken twice does no harm.
AGAIN = Retry(total=5, backoff_factor=2, status_forcelist=(429, 502, 503, 504), allowed_methods=None)


class Cinder:
    """The project's volumes and snapshots, by version 3.0 of the API, which still needs `force`."""

    def __init__(self, identity: str, volumes: str, key: str, secret: str) -> None:
        """Log in. Raises RequestException."""
        self._url, self._session = volumes.rstrip("/"), requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=AGAIN))
        credential = {"id": key, "secret": secret}
        login = {"methods": ["application_credential"], "application_credential": credential}
        version = identity.rstrip("/").removesuffix("/v3") + "/v3"
        answer = self._send("POST", f"{version}/auth/tokens", json={"auth": {"identity": login}})
        self._session.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]

    def all(self, kind: str) -> Iterator[dict[str, Any]]:
        """All `volumes` or `snapshots`; Cinder gives them in pages."""
        marker: dict[str, str] = {}
        while page := self._send("GET", f"{self._url}/{kind}/detail", params=marker).json()[kind]:
            yield from page
            marker = {"marker": page[-1]["id"]}

    def take(self, volume: str, name: str, metadata: dict[str, str]) -> str:
        """Begin a snapshot of a volume, also of one in use; its id."""
        wanted = {"volume_id": volume, "name": name, "metadata": metadata, "force": True}
        answer = self._send("POST", f"{self._url}/snapshots", json={"snapshot": wanted})
        return str(answer.json()["snapshot"]["id"])

    def delete(self, snapshot: str) -> None:
        """Begin to delete a snapshot."""
        self._send("DELETE", f"{self._url}/snapshots/{snapshot}")

    def _send(self, method: str, url: str, **told: Any) -> requests.Response:
        answer = self._session.request(method, url, timeout=ANSWER_SECONDS, **told)
        if not answer.ok:  # what the service says is more than the status
            raise requests.HTTPError(f"{answer.status_code} {answer.text.strip()[:300]}", response=answer)
        return answer


def take_all(cinder: Cinder, owner: Owner, cluster: str, namespace: str) -> int:
    """Take a snapshot of every home, and wait for all; how many homes have none."""
    taken: dict[str, str] = {}
    failed = 0
    for volume in list(cinder.all("volumes")):
        claim = claim_in(volume["metadata"], owner.gateway, cluster, namespace)
        if claim is None or volume["status"] not in ("available", "in-use"):
            continue
        name = f"{owner.gateway}-{claim}-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}"[:255]
        try:
            taken[cinder.take(volume["id"], name, {**owner.marks, CLAIM: claim})] = claim
        except requests.RequestException as error:
            failed += 1
            print(f"home {claim} has no new snapshot: {error}", flush=True)
    deadline = time.monotonic() + READY_SECONDS
    while taken:
        now = {snapshot["id"]: snapshot["status"] for snapshot in cinder.all("snapshots")}
        for key in [key for key in taken if now.get(key) != "creating"]:
            claim, status = taken.pop(key), now.get(key, "deleted")
            failed += status != "available"
            print(f"home {claim}: snapshot {key} is {status}", flush=True)
        if taken and time.monotonic() > deadline:
            print(f"not ready in time: {', '.join(taken)}", flush=True)
            return failed + len(taken)
        time.sleep(POLL_SECONDS if taken else 0)
    return failed


def delete_old(cinder: Cinder, gateway: str, keep: int) -> None:
    """Delete what is more than the last `keep` snapshots of a home, and those that failed."""
    of_claim: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for snapshot in cinder.all("snapshots"):
        said = snapshot["metadata"]
        if said.get(OWNER_LABEL) == gateway and CLAIM in said:
            of_claim[said[CLAIM]].append(snapshot)
    for claim, snapshots in of_claim.items():
        good = sorted((s for s in snapshots if s["status"] == "available"), key=lambda s: s["created_at"])
        for old in [*good[:-keep], *(s for s in snapshots if s["status"] == "error")]:
            try:
                cinder.delete(old["id"])
                print(f"home {claim}: snapshot {old['id']} of {old['created_at']} is deleted", flush=True)
            except requests.RequestException as error:  # the next run tries again
                print(f"home {claim}: snapshot {old['id']} stays: {error}", flush=True)


def main() -> int:
    """Run the job; the exit code."""
    told = os.environ
    owner = Owner(told["GATEWAY"], told["STACK"])
    try:
        cinder = Cinder(
            told["AUTH_URL"], told["VOLUMES_URL"], told["CREDENTIAL_ID"], told["CREDENTIAL_SECRET"]
        )
        failed = take_all(cinder, owner, told["CLUSTER"], told["NAMESPACE"])
        delete_old(cinder, owner.gateway, int(told["KEEP"]))
    except requests.RequestException as error:
        print(f"the cloud does not answer: {error}", flush=True)
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
