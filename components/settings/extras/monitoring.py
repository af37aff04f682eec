"""The settings of monitoring: Prometheus, Grafana, and whom alerts are sent to."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from components.settings.types import Change, Form, Model, once

Address = Annotated[str, AfterValidator(Form(r"[^@\s]+@[^@\s]+", "be an e-mail address"))]


class Mail(Model):
    """How alerts are sent by e-mail."""

    to: Annotated[list[Address], AfterValidator(once), Change.IN_PLACE] = Field(
        min_length=1, examples=[["gateway-ops@your-university.edu"]]
    )
    """Whom alerts are sent to."""
    sender: Annotated[Address, Change.IN_PLACE] = Field(examples=["gateway@your-university.edu"])
    """What stands in `From`. Many servers take only addresses of their own domain."""
    server: Annotated[
        str, AfterValidator(Form(r"[A-Za-z0-9.-]+:[0-9]{1,5}", "be HOST:PORT")), Change.IN_PLACE
    ] = Field(examples=["smtp.your-university.edu:587"])
    """The SMTP server. It must offer TLS: from the start on port 465, by STARTTLS on any other."""
    user: Annotated[str | None, Change.IN_PLACE] = Field(None, min_length=1, examples=["gateway"])
    """Who logs in there, with `gateway:smtpPassword`; nobody where none is named."""


class Monitoring(Model):
    """Prometheus, which watches the gateway and sends alerts, and Grafana, which shows what it measures.

    Alerts also go to `gateway:alertWebhook`, where that is set.
    """

    enabled: Annotated[bool, Change.MONITORING] = Field(False, examples=[True])
    """Install both. They run on the core's nodes, with a volume for what they measure."""
    size_gib: Annotated[int, Change.IN_PLACE] = Field(10, ge=1)
    """GiB of that volume. It grows when this does, and never shrinks."""
    retention_days: Annotated[int, Change.IN_PLACE] = Field(30, ge=1)
    """How long measurements are kept; less where the volume has no room."""
    mail: Mail | None = Field(
        None,
        examples=[
            {
                "to": ["gateway-ops@your-university.edu"],
                "sender": "gateway@your-university.edu",
                "server": "smtp.your-university.edu:587",
            }
        ],
    )
