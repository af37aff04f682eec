"""A small Kubernetes client on plain dictionaries: built-in and custom objects are handled alike."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kubernetes import config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

LOG = logging.getLogger(__name__)
Object = dict[str, Any]
GONE = 410
NOT_FOUND = 404
CONFLICT = 409
INVALID = 422
REQUEST_TIMEOUT_S = 15
WATCH_S = 600
RETRY_S = 1.0
MISSING_RETRY_S = 60.0
MERGE = "application/merge-patch+json"


def name_of(thing: Object) -> str:
    """`namespace/name`, or the name alone where there is no namespace."""
    meta = thing["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if "namespace" in meta else str(meta["name"])


class Kube:
    """The API server that `kubeconfig` names. Paths are those of the API; errors are ApiException."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client = config.new_client_from_config(str(kubeconfig))  # type: ignore[no-untyped-call]
        self._host = self._client.configuration.host
        self._told: dict[str, str] = {}

    def _open(self, method: str, path: str, body: Any = None, *, kind: str, timeout: Any) -> Any:
        headers = {"Accept": "application/json", "Content-Type": kind}
        answer = self._client.rest_client.request(
            method, self._host + path, headers=headers, body=body, _request_timeout=timeout
        )
        if answer.status >= 400:  # noqa: PLR2004
            answer.read()
            raise ApiException(http_resp=answer)
        return answer

    def request(self, method: str, path: str, body: Any = None, *, kind: str = "application/json") -> Object:
        """One call; what the server answers."""
        answer = self._open(method, path, body, kind=kind, timeout=REQUEST_TIMEOUT_S)
        result: Object = json.loads(answer.read())
        return result

    def get(self, path: str) -> Object:
        """Read an object or a list."""
        return self.request("GET", path)

    def create(self, path: str, body: Object, *, exists_ok: bool = False) -> Object:
        """Create an object in the collection `path`; with `exists_ok` one that is there is left alone."""
        try:
            return self.request("POST", path, body)
        except ApiException as error:
            if not exists_ok:
                raise
            # Of a Service with an address of its own the server says no more than that the address is taken.
            taken = error.status == INVALID and self._has(f"{path}/{body['metadata']['name']}")
            if taken or error.status == CONFLICT:
                return body
            raise

    def _has(self, path: str) -> bool:
        try:
            self.get(path)
        except ApiException as error:
            if error.status != NOT_FOUND:
                raise
            return False
        return True

    def patch(self, path: str, body: Object) -> Object:
        """Merge `body` into the object at `path` (RFC 7386: lists are replaced, null removes)."""
        return self.request("PATCH", path, body, kind=MERGE)

    def delete(self, path: str, *, grace_s: int | None = None) -> None:
        """Delete the object at `path`; it may be gone already."""
        body = {} if grace_s is None else {"gracePeriodSeconds": grace_s}
        try:
            self.request("DELETE", path, body)
        except ApiException as error:
            if error.status != NOT_FOUND:
                raise

    def watch(self, path: str, resource_version: str) -> Iterator[Object]:
        """Changes of the collection `path` since `resource_version`, until the server ends the watch."""
        joint = "&" if "?" in path else "?"
        options = f"watch=1&allowWatchBookmarks=true&timeoutSeconds={WATCH_S}"
        query = f"{joint}{options}&resourceVersion={resource_version}"
        answer = self._open("GET", path + query, kind="application/json", timeout=(5, WATCH_S + 30))
        rest = b""
        for chunk in answer.response.stream(amt=None):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (json.loads(line) for line in lines if line)

    def event(self, about: Object, reason: str, message: str, *, warning: bool = True) -> None:
        """Tell in an Event what happened to `about`; the same thing is not told twice in a row."""
        meta = about["metadata"]
        if self._told.get(meta["uid"]) == message:
            return
        self._told[meta["uid"]] = message
        LOG.info("%s %s: %s", about["kind"], name_of(about), message)
        namespace = meta.get("namespace", "default")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{meta['name']}.", "namespace": namespace},
            "involvedObject": {
                "apiVersion": about["apiVersion"],
                "kind": about["kind"],
                "name": meta["name"],
                "namespace": namespace,
                "uid": meta["uid"],
            },
            "reason": reason,
            "message": message,
            "type": "Warning" if warning else "Normal",
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "source": {"component": "sandbox-cloud-controller"},
        }
        try:
            self.create(f"/api/v1/namespaces/{namespace}/events", body)
        except ApiException as error:
            # The namespace may be on its way out; nobody is left to read it there.
            LOG.debug("event not written: %s", error)


class Cache(threading.Thread):
    """All objects of one kind, by `name_of`, kept by a watch; `changed` is called after every change.

    A kind that does not exist (a CRD that is not installed) is an empty one until it does.
    """

    def __init__(
        self, kube: Kube, path: str, *, kind: str, api_version: str, changed: Callable[[], None]
    ) -> None:
        super().__init__(name=f"watch {path}", daemon=True)
        self.items: dict[str, Object] = {}
        self.synced = threading.Event()
        self.exists = False
        self.look_again = threading.Event()
        """Set it when a missing kind may have come."""
        self._kube, self._path, self._changed = kube, path, changed
        self._type = {"kind": kind, "apiVersion": api_version}

    def values(self) -> list[Object]:
        """The objects now."""
        return list(self.items.values())

    def run(self) -> None:
        """List and watch for ever."""
        told = ""
        while True:
            try:
                version = self._list()
                told = ""
                self._follow(version)
            except (ApiException, HTTPError, OSError, ValueError) as error:
                status = error.status if isinstance(error, ApiException) else None
                if status == NOT_FOUND:
                    self.exists, self.items = False, {}
                    self.synced.set()
                    self.look_again.wait(MISSING_RETRY_S)
                    self.look_again.clear()
                elif status != GONE and told != str(type(error)):
                    told = str(type(error))
                    LOG.info("%s is watched anew: %s", self._path, error)
                time.sleep(RETRY_S)

    def _list(self) -> str:
        answer = self._kube.get(self._path)
        # A list leaves kind and version out of its items; events and references need them.
        self.items = {name_of(item): {**self._type, **item} for item in answer["items"]}
        self.exists = True
        self.synced.set()
        self._changed()
        return str(answer["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> None:
        while True:
            for event in self._kube.watch(self._path, version):
                thing = event["object"]
                if event["type"] == "ERROR":
                    raise ApiException(status=int(thing.get("code", GONE)), reason=thing.get("message"))
                version = thing["metadata"]["resourceVersion"]
                if event["type"] == "BOOKMARK":
                    continue
                if event["type"] == "DELETED":
                    self.items.pop(name_of(thing), None)
                else:
                    self.items[name_of(thing)] = thing
                self._changed()
