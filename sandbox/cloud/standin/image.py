"""Glance's part: the images that cluster templates name; read only."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from sandbox.cloud import settings
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body

PREFIX = "/image"


def _error(error: ApiError) -> Body:
    return {"message": str(error), "code": error.status}


api = rest.service("image", PREFIX, _error)


def images() -> list[Body]:
    """All images."""
    return [
        {
            "id": rest.fixed_id(name),
            "name": name,
            "status": "active",
            "visibility": "public",
            "os_hidden": False,
            "owner": settings.identifier("project service"),
            "disk_format": "raw",
            "container_format": "bare",
            "min_disk": 0,
            "min_ram": 0,
            "size": 0,
            "protected": False,
            "tags": [],
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            **properties,
        }
        for name, properties in settings.CATALOGUE["images"].items()
    ]


@api.get("/")
def _list_versions() -> Answer:
    return rest.versions(PREFIX, [{"id": "v2.9", "status": "CURRENT", "path": "/v2"}], status=300)


@api.get("/v2/images")
def _list_images() -> Answer:
    rest.caller()
    return {"images": rest.select(images(), ignored=("member_status",))}


@api.get("/v2/images/<key>")
def _show_image(key: str) -> Answer:
    rest.caller()
    for image in images():
        if image["id"] == key:
            return image
    raise ApiError(404, f"No image found with ID {key}")
