"""The published JSON Schema of a plan, so that programs can rely on ``studio plan --json``."""

import msgspec

from reconciler.planning.plan import Plan


def schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of a plan."""
    schemas, components = msgspec.json.schema_components([Plan], ref_template="#/$defs/{name}")
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
