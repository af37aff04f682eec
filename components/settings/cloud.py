"""The settings of Pulumi's OpenStack provider (`openstack:*`), for everything else that uses the same cloud.

Keys in the stack's file are the provider's (pulumi-openstack 5.5); fields have openstacksdk's names.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from components.settings.types import Change


def _path(value: str) -> str:
    """The path of a file, not its content."""
    if "-----BEGIN" in value:  # the provider takes it, openstacksdk does not
        raise PydanticCustomError("path", "must be the path of a file, not the file's content")
    return value


Text = Annotated[str | None, Change.SAME_CLOUD]
File = Annotated[Annotated[str, AfterValidator(_path)] | None, Change.SAME_CLOUD]
NotOurs: Any = Field(None, exclude=True)
"""A setting of the provider's own, which does not say how the cloud is reached."""


class Login(BaseModel):
    """How to log in without clouds.yaml."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        use_attribute_docstrings=True,
    )

    auth_url: Text = Field(None, examples=["https://js2.jetstream-cloud.org:5000/v3/"])
    """URL of Keystone."""
    application_credential_id: Text = None
    """Id of an application credential."""
    application_credential_name: Text = None
    """Name of an application credential, for a log-in without its id. It needs the user as well."""
    application_credential_secret: Text = Field(None, repr=False)
    """Secret of the application credential. Set it with --secret."""
    username: Text = Field(None, alias="userName")
    """Name of the user."""
    user_id: Text = None
    """Id of the user."""
    password: Text = Field(None, repr=False)
    """Password of the user. Set it with --secret."""
    token: Text = Field(None, repr=False)
    """A token instead of a password. Set it with --secret."""
    project_id: Text = Field(None, alias="tenantId")
    """Id of the project."""
    project_name: Text = Field(None, alias="tenantName")
    """Name of the project."""
    user_domain_id: Text = None
    """Id of the user's domain."""
    user_domain_name: Text = None
    """Name of the user's domain."""
    project_domain_id: Text = None
    """Id of the project's domain."""
    project_domain_name: Text = None
    """Name of the project's domain."""
    domain_id: Text = None
    """Id of the domain of user and project, where they have none of their own."""
    domain_name: Text = None
    """Name of the domain of user and project, where they have none of their own."""
    default_domain: Text = None
    """Id of the domain where no other is named; `default` without it."""


class CloudConfig(Login):
    """How the cloud is reached. OS_* and clouds.yaml fill in what is not set here. The provider's other
    settings are accepted, and concern only the provider.
    """

    cloud: Text = Field(None, examples=["openstack"])
    """Name in clouds.yaml, which then says how to log in."""
    region_name: Text = Field(None, alias="region", examples=["IU"])
    """Region of the cloud."""
    endpoint_type: Text = Field(None, examples=["public"])
    """Which endpoints of the catalogue to use; `public` without it."""
    endpoint_overrides: Annotated[dict[str, str] | None, Change.SAME_CLOUD] = Field(
        None, examples=[{"dns": "https://dns.test:9001/v2/"}]
    )
    """By a service's type: the URL to use, or another type to look for in the catalogue."""
    cacert: File = Field(None, alias="cacertFile", examples=["/etc/ssl/cloud.pem"])
    """The certificate authority of the cloud."""
    cert: File = Field(None, examples=["client.pem"])
    """A client certificate."""
    key: File = Field(None, examples=["client.key"])
    """The key of the client certificate."""
    insecure: Annotated[bool | None, Change.SAME_CLOUD] = Field(None, examples=[False])
    """Do not verify the cloud's certificate."""
    connect_retries: Annotated[int | None, Change.SAME_CLOUD] = Field(
        None, alias="maxRetries", ge=0, examples=[3]
    )
    """How often to repeat a request that found no connection."""

    allow_reauth: bool | None = NotOurs
    delayed_auth: bool | None = NotOurs
    disable_no_cache_header: bool | None = NotOurs
    enable_logging: bool | None = NotOurs
    swauth: bool | None = NotOurs
    # Without a project nobody can create a cluster, and with one the provider ignores it.
    system_scope: bool | None = NotOurs


SECRETS = ("application_credential_secret", "password", "token")
