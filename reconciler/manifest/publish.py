"""The JSON Schema of a manifest, for editors: ``schemas/session.schema.json``.

Draft 7, with ``definitions``, because that is what yaml-language-server is sure to read. The schema says what can be
said in it; names that must fit together, units and ranges are the loader's and the compiler's.
"""

import json
from pathlib import Path
from typing import Any

from reconciler.manifest.models import Manifest

ID = "urn:studio-reconciler:schema:session:1"

_EXAMPLE = {
    "version": 1,
    "session": "voice",
    "plugins": {"eq": {"plugin": "lv2:http://gareus.org/oss/lv2/fil4#mono", "params": {"gain": "-3 dB"}}},
    "chains": {"voice": ["system:capture_1", "eq", "system:playback_1"]},
}


def schema() -> dict[str, Any]:
    """Return the schema as JSON values."""
    made = Manifest.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
    definitions = made.pop("$defs")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ID,
        **_tidy({**made, "title": "studio session"}),
        "examples": [_EXAMPLE],
        "definitions": {name: _tidy(definition) for name, definition in sorted(definitions.items())},
    }


def text() -> str:
    """Return the schema as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write(path: Path) -> None:
    """Write the schema to ``path``; its folder must be there."""
    path.write_text(text(), encoding="utf-8")


def _tidy(node: Any) -> Any:
    """Drop the titles that repeat the key, and wrap references so that draft 7 does not ignore what stands by them."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {
        key: {name: _tidy(value) for name, value in part.items()} if key == "properties" else _tidy(part)
        for key, part in node.items()
        if key not in ("title", "examples", "default", "const", "enum")
    }
    tidied |= {key: node[key] for key in ("examples", "default", "const", "enum") if key in node}
    if isinstance(node.get("title"), str) and " " in node["title"]:
        tidied["title"] = node["title"]
    if "$ref" in tidied and len(tidied) > 1:
        tidied["allOf"] = [{"$ref": tidied.pop("$ref")}]
    return tidied
