"""Writes docs/settings.md and the schema in Pulumi.yaml from the models in components/settings.

Run it with `make docs`. A unit test fails when one of the two files is out of date.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from components.settings.cloud import CloudConfig
from components.settings.errors import example_of
from components.settings.load import NAMESPACE
from components.settings.model import Settings
from components.settings.secrets import Secrets
from components.settings.types import Change, chosen_by
from docs.models import Setting, holds, mark, models_in, rules, settings, type_of

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "settings.md"
PROJECT = ROOT / "Pulumi.yaml"
TITLE = f"""# Settings

<!-- Generated from components/settings by `make docs`. Change the models there, not this page. -->

These keys stand under `config:` in a stack's file; [Pulumi.dev.yaml](../Pulumi.dev.yaml) is a whole example.
What follows a dot is a key inside the object before it: `{NAMESPACE}:cluster.template` is `template` under
`{NAMESPACE}:cluster`. `[]` stands for each entry of a list,
`NAME` for a name of your own.

`pulumi up` checks all settings before it changes anything, and reports every mistake at once.

The last column says what the next `pulumi up` does when the setting of a running gateway has changed:
"""


HEADINGS = {Settings: "The gateway as a whole", Secrets: "Secrets", CloudConfig: "openstack: the cloud"}
ENGINE_TYPES = {"text": "string", "true or false": "boolean", "whole number": "integer"}
EMPTY: dict[str, type] = {"string": str, "boolean": bool, "integer": int, "object": dict, "array": list}


def page() -> str:
    """The text of docs/settings.md."""
    legend = [f"- **{label(change)}**: {change.value}" for change in Change]
    parts = [TITLE + "\n" + "\n".join(legend)]
    parts += section(Settings, "", only_values=True)
    for name, field in Settings.model_fields.items():
        more = "; ".join(rules(Settings, name, field))
        for part in models_in(field):
            of_type = f" of type {chosen_by(part)}" if field.discriminator else ""
            parts += section(part, f"{field.alias}{mark(field)}.", more=more, of_type=of_type)
    parts += section(Secrets, "")
    return "\n\n".join([*parts, *section(CloudConfig, "", namespace="openstack")]) + "\n"


def label(change: Change) -> str:
    """The word in the page's last column."""
    return change.name.lower().replace("_", " ")


def section(
    model: type[BaseModel],
    prefix: str,
    *,
    more: str = "",
    of_type: str = "",
    only_values: bool = False,
    namespace: str = NAMESPACE,
) -> list[str]:
    """One model's heading, description and table. more: rules for the object as a whole."""
    heading = f"## {namespace}:{prefix.rstrip('.')}{of_type}" if prefix else f"## {HEADINGS[model]}"
    text = " ".join((model.__doc__ or "").partition("\n\n")[0].split())
    shown = [s for s in settings(model, prefix) if not (only_values and "." in s.key)]
    columns = (
        "| key | what it is | type | rule | default | example | changed |\n|---|---|---|---|---|---|---|"
    )
    return [
        heading,
        f"{text} Rule: {more}." if more else text,
        "\n".join([columns, *(row(setting, namespace) for setting in shown)]),
    ]


def row(setting: Setting, namespace: str) -> str:
    """One line of a table."""
    field = setting.field
    default = "required" if field.is_required() else code(field.default)
    cells = [
        f"`{namespace}:{setting.key}`",
        " ".join((field.description or "").split()),
        type_of(field.annotation),
        "; ".join(setting.rules),
        default,
        code(example_of(field)),
        label(setting.change),
    ]
    return "| " + " | ".join(cells) + " |"


def code(value: Any) -> str:
    """A value as YAML has it; nothing for None."""
    flow = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000)
    text = flow.removesuffix("...\n").strip()  # YAML's end of a document that is a scalar
    return "" if value is None else f"`{text}`"


def schema() -> dict[str, Any]:
    """The entries below `config:` in Pulumi.yaml.

    What a stack must set has an empty default, since the engine would stop at the first one that is missing.
    """
    fields = {**Settings.model_fields, **Secrets.model_fields}
    return {
        str(field.alias): entry(field, secret=name in Secrets.model_fields) for name, field in fields.items()
    }


def entry(field: FieldInfo, *, secret: bool) -> dict[str, Any]:
    """One key of the schema: the engine's type, the description, and the default."""
    parts = models_in(field)
    kind = "array" if holds(field, list) else "object" if parts else ENGINE_TYPES[type_of(field.annotation)]
    items = {"items": {"type": "object" if parts else "string"}} if kind == "array" else {}
    names = dict.fromkeys(str(inner.alias) for part in parts for inner in part.model_fields.values())
    keys = f"Keys: {', '.join(names)}." if parts and not field.discriminator else ""
    if field.discriminator:
        keys = f"Keys: type ({', '.join(map(chosen_by, parts))}), and those of the type."
    text = field.description or (parts and (parts[0].__doc__ or "").splitlines()[0]) or ""
    needed = "Required." if field.is_required() else ""
    how = "Set it with --secret." if secret else ""
    description = " ".join(" ".join([text, keys, needed, how]).split())
    return {"type": kind, **items, "description": description, "default": EMPTY[kind]()}


def project() -> str:
    """The text of Pulumi.yaml, its schema replaced."""
    before, _, _ = PROJECT.read_text(encoding="utf-8").partition("\nconfig:\n")
    return before + "\n" + yaml.safe_dump({"config": schema()}, sort_keys=False, width=100)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    PROJECT.write_text(project(), encoding="utf-8")
