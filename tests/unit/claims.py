"""A cluster that knows the hub's claims, and storage classes that let volumes grow or don't."""

from __future__ import annotations

from typing import Any

from tests.unit.volumes import thing

GROWING, FIXED = "default", "no-growth"


def claim(name: str, size: str, storage_class: str = GROWING, *, user: str = "", phase: str = "Bound") -> Any:
    labels = {"component": "singleuser-storage"} if user else {"component": "hub"}
    return thing(
        metadata=thing(name=name, labels=labels, annotations={"hub.jupyter.org/username": user}),
        spec=thing(
            storage_class_name=storage_class,
            volume_name=f"pv-{name}" if phase == "Bound" else None,
            resources=thing(requests={"storage": size}),
        ),
        status=thing(phase=phase),
    )


DATABASE = claim("hub-db-dir", "1Gi")
HOMES = [claim("claim-ann", "10Gi", user="ann"), claim("claim-bob", "10Gi", user="bob")]


class Kubernetes:
    """Claims of the hub's namespace and two storage classes; a volume grows one look after its claim."""

    def __init__(self, *claims: Any) -> None:
        self.claims = {claim.metadata.name: claim for claim in claims}
        self.capacity = {claim.spec.volume_name: claim.spec.resources.requests["storage"] for claim in claims}
        self.stuck = False

    def list_namespaced_persistent_volume_claim(
        self, namespace: str, *, field_selector: str = "", label_selector: str = "", **_: Any
    ) -> Any:
        found = list(self.claims.values()) if namespace == "jhub" else []
        name, label = field_selector.partition("=")[2], label_selector.partition("=")[2]
        return thing(
            items=[
                one
                for one in found
                if name in ("", one.metadata.name) and label in ("", one.metadata.labels["component"])
            ]
        )

    def list_storage_class(self, **_: Any) -> Any:
        classes = {GROWING: True, FIXED: None}
        return thing(
            items=[thing(metadata=thing(name=n), allow_volume_expansion=e) for n, e in classes.items()]
        )

    def patch_namespaced_persistent_volume_claim(
        self, name: str, namespace: str, body: dict[str, Any], **_: Any
    ) -> None:
        found = self.claims[name]
        assert found.status.phase == "Bound", "Kubernetes refuses to enlarge an unbound claim"
        found.spec.resources.requests = body["spec"]["resources"]["requests"]

    def read_persistent_volume(self, name: str, **_: Any) -> Any:
        seen = thing(spec=thing(capacity={"storage": self.capacity[name]}))
        (found,) = [c for c in self.claims.values() if c.spec.volume_name == name]
        if not self.stuck:
            self.capacity[name] = found.spec.resources.requests["storage"]
        return seen
