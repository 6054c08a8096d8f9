"""The published JSON Schema of a plan, so that programs can rely on ``studio plan --json``."""

import inspect

import msgspec

from reconciler.planning.plan import Change, Pending, Plan, Refusal


def schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of a plan."""
    schemas, components = msgspec.json.schema_components([Plan], ref_template="#/$defs/{name}")
    for whole in (Plan, Change, Pending, Refusal):  # written with every key, so that programs need not ask for any
        form = components[whole.__name__]
        form["required"] = list(form["properties"])
    for form in components.values():
        if "description" in form:  # a docstring, which Python 3.13 keeps without its indent and older ones with it
            form["description"] = inspect.cleandoc(form["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:studio-reconciler:plan:1",
        "title": "studio plan",
        "description": "What differs between a session and the studio, and the calls that mend it.",
        **schemas[0],
        "$defs": dict(sorted(components.items())),
    }


def text() -> str:
    """Return the schema as a file's text."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode() + "\n"
