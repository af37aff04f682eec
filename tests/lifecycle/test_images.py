"""`pulumi up` builds the gateway's images and pushes them, and the hub runs exactly these."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import yaml

from sandbox import containers
from sandbox.containers import Engine
from sandbox.layout import ROOT
from sandbox.tests.fixtures import run_module
from tests.stack import Gateway

IMAGES = {"pyaos", "idv-cave", "hawkeye", "metview"}
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture(scope="module")
def images_env(sandbox_env: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of a sandbox with a registry and the Docker engine that runs here, else its own."""
    env = {**sandbox_env, "DOCKER_HOST": containers.environment()["DOCKER_HOST"]}
    try:
        run_module(env, "sandbox", "start", "--images")
        yield {**env, **json.loads(run_module(env, "sandbox", "env", "--json"))}
    finally:
        run_module(env, "sandbox.containers", "remove")


@pytest.fixture(scope="module")
def engine(images_env: dict[str, str]) -> Engine:
    return Engine(host=images_env["DOCKER_HOST"], registry=images_env["SANDBOX_REGISTRY"])


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway], images_env: dict[str, str]) -> Gateway:
    """A gateway that is up, with images built as the sandbox's stack has it, from a copy of docker/."""
    gateway = new_gateway("images")
    gateway.env = images_env
    (gateway.folder / "docker").unlink()
    ignored = shutil.ignore_patterns("node_modules", "dist", "__pycache__")
    shutil.copytree(ROOT / "docker", gateway.folder / "docker", ignore=ignored)
    stack = yaml.safe_load((ROOT / "Pulumi.sandbox.yaml").read_text(encoding="utf-8"))["config"]
    gateway.change(lambda config: config.update({"gateway:images": stack["gateway:images"]}))
    gateway.up()
    return gateway


def references(values: Any) -> set[str]:
    """All images that Helm values name: as one string, or as name and tag."""
    if isinstance(values, list):
        return set().union(*map(references, values))
    if not isinstance(values, dict):
        return set()
    if isinstance(values.get("name"), str) and isinstance(values.get("tag"), str):
        return {f"{values['name']}:{values['tag']}"}
    image = values.get("image")
    return references(list(values.values())) | ({image} if isinstance(image, str) else set())


def of_the_hub(gateway: Gateway) -> set[str]:
    """The images that the hub's release was given."""
    gateway.kubectl("get", "namespaces")  # writes the kubeconfig
    config = str(gateway.folder / "kubeconfig")
    values = gateway.run("helm", "--kubeconfig", config, "get", "values", "-n", "jhub", "jhub", "-o", "json")
    return references(json.loads(values.stdout))


def events(engine: Engine, since: float, kind: str) -> list[dict[str, Any]]:
    """What the engine did since then with images or containers."""
    window = (f"--since={since:.3f}", f"--until={time.time():.3f}")
    shown = engine.docker("events", *window, f"--filter=type={kind}", "--format={{json .}}")
    return [json.loads(line) for line in shown.splitlines()]


def made(engine: Engine, since: float) -> set[str]:
    """Names of the images in our registry that the engine has tagged or pushed since then."""
    named = [event["Actor"]["Attributes"].get("name", "") for event in events(engine, since, "image")]
    ours = [name.removeprefix(engine.registry) for name in named if name.startswith(engine.registry)]
    return {re.split("[:@]", name)[0] for name in ours}


def manifest(engine: Engine, name: str, version: str, method: str = "GET") -> requests.Response:
    """What the registry answers about an image's manifest."""
    url = f"http://{engine.registry}/v2/gateway/{name}/manifests/{version}"
    return requests.request(method, url, headers={"Accept": MANIFEST}, timeout=10)


def there(engine: Engine, reference: str) -> bool:
    """Whether the registry has the image of this reference, by digest."""
    name, _, digest = reference.rpartition("/")[2].partition("@")
    answer = manifest(engine, name, digest)
    return answer.ok and f"sha256:{hashlib.sha256(answer.content).hexdigest()}" == digest


def test_the_registry_has_what_the_outputs_name_by_digest(gateway: Gateway, engine: Engine) -> None:
    images = gateway.outputs()["images"]
    assert set(images) == IMAGES
    for name, reference in images.items():
        assert reference.startswith(f"{engine.registry}/gateway/{name}@")
        assert there(engine, reference)


def test_the_hub_has_exactly_these(gateway: Gateway) -> None:
    assert of_the_hub(gateway) == set(gateway.outputs()["images"].values())


def test_an_unchanged_context_is_neither_built_nor_pushed(gateway: Gateway, engine: Engine) -> None:
    began = time.time()
    gateway.up("--expect-no-changes")
    assert made(engine, began) == set()


def test_a_changed_file_has_its_image_built_and_no_other(gateway: Gateway, engine: Engine) -> None:
    before, began = gateway.outputs()["images"], time.time()
    file = gateway.folder / "docker" / "hawkeye" / "hawkeye.desktop"
    file.write_text(file.read_text() + "# changed\n")
    gateway.up()
    after = gateway.outputs()["images"]
    assert {name for name in IMAGES if after[name] != before[name]} == {"hawkeye"}
    assert made(engine, began) == {"/gateway/hawkeye"}
    assert of_the_hub(gateway) == set(after.values())


def test_a_build_that_fails_is_told_and_changes_nothing(gateway: Gateway, engine: Engine) -> None:
    before, began = (gateway.outputs(), of_the_hub(gateway)), time.time()
    file = gateway.folder / "docker" / "hawkeye" / "install"
    good = file.read_text()
    file.write_text("#!/bin/sh\necho no radar today\nexit 117\n")
    shown = gateway.up(code=1)
    file.write_text(good)
    assert "returned a non-zero code: 117" in shown
    assert "    no radar today" in shown.partition("Diagnostics:")[2]
    assert (gateway.outputs(), of_the_hub(gateway)) == before
    did = events(engine, began, "container")
    (failed,) = [e["Actor"]["ID"] for e in did if e["Actor"]["Attributes"].get("exitCode") == "117"]
    assert failed in {e["Actor"]["ID"] for e in did if e["Action"] == "destroy"}
    gateway.up("--expect-no-changes")


def test_an_image_that_the_registry_lost_is_pushed_again(gateway: Gateway, engine: Engine) -> None:
    before, began = gateway.outputs()["images"], time.time()
    assert manifest(engine, "hawkeye", before["hawkeye"].partition("@")[2], "DELETE").ok
    assert not there(engine, before["hawkeye"])
    assert "hawkeye:images is not in the registry any more" in gateway.pulumi("preview")
    gateway.up("--refresh")
    assert made(engine, began) == {"/gateway/hawkeye"}
    assert there(engine, gateway.outputs()["images"]["hawkeye"])
    assert of_the_hub(gateway) == set(gateway.outputs()["images"].values())
    gateway.up("--refresh", "--expect-no-changes")


def test_a_tag_that_leads_elsewhere_is_pushed_again(gateway: Gateway, engine: Engine) -> None:
    before = gateway.outputs()["images"]
    ours, other = (f"{engine.registry}/gateway/{name}:images" for name in ("hawkeye", "pyaos"))
    engine.docker("tag", other, ours)
    engine.docker("push", ours)
    shown = gateway.up("--refresh")
    assert "hawkeye:images leads to another image than the one pushed" in shown
    digest = manifest(engine, "hawkeye", "images", "HEAD").headers["Docker-Content-Digest"]
    assert gateway.outputs()["images"]["hawkeye"].endswith(digest)
    assert digest != before["pyaos"].partition("@")[2]
    gateway.up("--refresh", "--expect-no-changes")


def test_a_published_image_is_pinned_again_when_its_tag_moves(gateway: Gateway, engine: Engine) -> None:
    before, settings = gateway.outputs()["images"], gateway.settings.read_text()
    published, other = f"{engine.registry}/gateway/hawkeye:1.0", f"{engine.registry}/gateway/pyaos:images"

    def publish(config: dict[str, Any]) -> None:
        config["gateway:images"]["build"].remove("hawkeye")
        config["gateway:images"]["published"] = {"hawkeye": published}

    gateway.change(publish)
    shown = gateway.up(code=1)
    assert "gateway:images.published.hawkeye: must be an image that there is" in shown
    assert "nothing was changed" in shown
    for image, pinned in ((f"{engine.registry}/gateway/hawkeye:images", "hawkeye"), (other, "pyaos")):
        engine.docker("tag", image, published)
        engine.docker("push", published)
        gateway.up("--refresh")
        images = gateway.outputs()["images"]
        assert images["hawkeye"] == f"{published}@{before[pinned].partition('@')[2]}"
        assert of_the_hub(gateway) == set(images.values())
        gateway.up("--expect-no-changes")
    gateway.settings.write_text(settings)
    gateway.up()


def test_without_an_engine_it_is_said_what_to_do(gateway: Gateway) -> None:
    before = gateway.resources(), gateway.outputs()
    lost = Gateway(
        name=gateway.name,
        folder=gateway.folder,
        env={**gateway.env, "DOCKER_HOST": f"unix://{gateway.folder}/no.sock"},
    )
    shown = lost.up(code=1)
    assert "gateway:images.build: needs a Docker engine (Cannot connect to the Docker daemon at" in shown
    assert "or name images that are published in gateway:images.published" in shown
    assert "Traceback" not in shown
    assert (gateway.resources(), gateway.outputs()) == before
