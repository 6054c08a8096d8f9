"""What is generated from the models: current, and true."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.manifest import publish, reference, yaml12
from reconciler.manifest.load import parse
from reconciler.manifest.models import SECTIONS

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "schemas" / "session.schema.json"
PAGE = ROOT / "docs" / "reference" / "manifest.md"

WHOLE = """\
# yaml-language-server: $schema=../schemas/session.schema.json
version: 1
session: podcast

hardware:
  jack: { driver: alsa, device: "hw:USB", sample_rate: 48000, period: 128, periods: 2, manage: start }

engine: { host: auto, mode: multiple-clients }

plugins:
  gate:
    plugin: lv2:http://calf.sourceforge.net/plugins/Gate
    params: { threshold: -32 dB, ratio: 4, detection: RMS }
  eq:
    plugin: lv2:http://calf.sourceforge.net/plugins/Equalizer5Band
    active: true
    program: Warm
    protect: true
    ignore: [params.level_out]
  keys:
    plugin: sf2:sounds/piano.sf2

chains:
  voice: [system:capture_1, gate, eq, main]

links:
  - keyboard:midi_out -> keys
  - { from: "mic:out_l", to: "eq:in_l" }

moved: { old-eq: eq }
policy: { unmanaged: warn }
"""


def data(text: str) -> Any:
    document = yaml12.read(text, "test.yaml")
    assert document is not None
    return document.data


@pytest.fixture
def validator() -> jsonschema.Draft7Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def test_the_schema_is_current() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == publish.text(), "run `studio schema`"


def test_the_reference_is_current() -> None:
    current = PAGE.read_text(encoding="utf-8") == reference.text()
    assert current, "run `python -m reconciler.manifest.reference`"


def test_writing_writes_what_is_published(tmp_path: Path) -> None:
    publish.write(tmp_path / "schema.json")
    reference.write(tmp_path / "manifest.md")
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == publish.text()
    assert (tmp_path / "manifest.md").read_text(encoding="utf-8") == reference.text()


def test_the_design_s_example_is_valid_to_both(validator: jsonschema.Draft7Validator) -> None:
    assert parse(WHOLE, Path("podcast.yaml")).manifest.session == "podcast"
    validator.validate(data(WHOLE))


@pytest.mark.parametrize("path", sorted((ROOT / "sessions").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_sessions_that_come_with_studio_are_valid(path: Path, validator: jsonschema.Draft7Validator) -> None:
    validator.validate(data(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("section", SECTIONS, ids=".".join)
def test_each_example_of_the_reference_loads(section: tuple[str, ...], validator: jsonschema.Draft7Validator) -> None:
    text = reference.EXAMPLES[section]
    if section:
        text = f"version: 1\nsession: example\n{text}"
    parse(text, Path("example.yaml"))
    validator.validate(data(text))


def test_examples_within_the_schema_are_valid(validator: jsonschema.Draft7Validator) -> None:
    schema = publish.schema()
    for example in schema["examples"]:
        validator.validate(example)
        parse(json.dumps(example), Path("example.yaml"))
    for part in (schema, *schema["definitions"].values()):
        for field in part.get("properties", {}).values():
            for example in field.get("examples", ()):
                jsonschema.Draft7Validator({**field, "definitions": schema["definitions"]}).validate(example)


@pytest.mark.parametrize(
    "body",
    [
        "pluginz: {}",
        "plugins: {eq: {}}",
        "plugins: {eq: {plugin: reverb}}",
        "plugins: {'a:b': {plugin: lv2:urn:x}}",
        "plugins: {system: {plugin: lv2:urn:x}}",
        "plugins: {eq: {plugin: lv2:urn:x, active: 'yes'}}",
        "plugins: {eq: {plugin: lv2:urn:x, params: {a: [1]}}}",
        "plugins: {eq: {plugin: lv2:urn:x, params: {a: }}}",
        "plugins: {eq: {plugin: lv2:urn:x, ignore: [volume]}}",
        "chains: {a: [b]}",
        "links: [a b]",
        "links: [{from: a}]",
        "engine: {host: ardour}",
        "hardware: {jack: {period: 1}}",
        "policy: {unmanaged: no}",
    ],
)
def test_what_the_loader_refuses_the_schema_marks(body: str, validator: jsonschema.Draft7Validator) -> None:
    text = f"version: 1\nsession: x\n{body}\n"
    assert list(validator.iter_errors(data(text)))


@pytest.mark.parametrize(
    "body", ["hardware:", "hardware: {jack: }", "engine:", "plugins:", "chains:", "links:", "moved:", "policy:"]
)
def test_empty_sections_are_fine_in_the_editor_too(body: str, validator: jsonschema.Draft7Validator) -> None:
    validator.validate(data(f"version: 1\nsession: x\n{body}\n"))


def test_the_page_has_every_key() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for model in SECTIONS.values():
        for name, field in model.model_fields.items():
            assert f"| `{field.alias or name}` |" in page
