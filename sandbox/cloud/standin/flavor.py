"""Nova's flavors; microversion 2.1."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from sandbox.cloud import settings
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body

PREFIX = "/compute"
api = rest.service("flavor", PREFIX, rest.nova_error)


def flavors() -> list[Body]:
    """All flavors, as Nova describes them; ids are numbers in the catalogue's order."""
    return [
        {
            "id": str(number),
            "name": name,
            "vcpus": shape["vcpus"],
            "ram": shape["ram_gb"] * 1024,
            "disk": shape["disk_gb"],
            "swap": "",
            "rxtx_factor": 1.0,
            "OS-FLV-EXT-DATA:ephemeral": 0,
            "OS-FLV-DISABLED:disabled": False,
            "os-flavor-access:is_public": True,
            "links": [],
            "_extra": shape.get("extra", {}),
        }
        for number, (name, shape) in enumerate(settings.CATALOGUE["flavors"].items(), start=1)
    ]


def flavor(key: str) -> Body:
    """The flavor of this id; 404 where there is none."""
    for known in flavors():
        if key == known["id"]:
            return known
    raise ApiError(404, f"Flavor {key} could not be found.")


@api.get("/v2.1/flavors")
@api.get("/v2.1/flavors/detail")
def _list_flavors() -> Answer:
    rest.caller()
    return {"flavors": rest.select(flavors(), ignored=("is_public", "minDisk", "minRam"))}


@api.get("/v2.1/flavors/<key>")
def _show_flavor(key: str) -> Answer:
    rest.caller()
    return {"flavor": rest.visible(flavor(key))}


@api.get("/v2.1/flavors/<key>/os-extra_specs")
def _show_extra_specs(key: str) -> Answer:
    rest.caller()
    return {"extra_specs": flavor(key)["_extra"]}
