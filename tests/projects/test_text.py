"""The text of a manifest that a machine writes means what was meant, to every reader of YAML."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.manifest import yaml12
from reconciler.manifest.load import parse
from reconciler.model.values import float32
from reconciler.projects.text import render

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["yes", "No", "1:30", "1e5", "0x1F", "-", "- a", "a: b", "a #b", "#", "~", "null", "=", "<<", "2024-05-01", "1_000"]
)
numbers = st.integers(-(10**6), 10**6) | st.floats(width=32, allow_nan=False, allow_infinity=False)
scalars: st.SearchStrategy[Any] = st.booleans() | numbers | texts
keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
inner = st.dictionaries(keys, scalars | st.tuples(scalars, scalars).map(list), min_size=1, max_size=4)


@given(st.dictionaries(keys, scalars | inner | st.dictionaries(keys, inner, min_size=1, max_size=2), min_size=1))
@example({"a": {"b": "x" * 200, "c": 1}})
@example({"a": {"b\x85c": "\ufeff"}})
def test_every_reader_of_yaml_reads_what_was_meant(manifest: dict[str, Any]) -> None:
    text = render(manifest, ["a comment\nof two lines"])
    document = yaml12.read(text, "x.yaml")
    assert document is not None
    assert document.data == manifest
    assert YAML(typ="safe", pure=True).load(StringIO(text)) == manifest
    assert yaml.safe_load(text) == manifest


def test_it_is_as_people_write_it() -> None:
    manifest = {
        "version": 1,
        "session": "test",
        "plugins": {
            "eq": {"plugin": "lv2:urn:eq", "params": {"gain": "-3 dB", "freq": 220.5}, "mix": {"balance": [0, 1]}},
            "my synth": {"plugin": "lv2:urn:synth#one"},
        },
        "links": ["system:capture_1 -> eq:in_l", "eq -> my synth"],
    }
    assert render(manifest, ["Made here."]) == (
        "# Made here.\n"
        "version: 1\n"
        "session: test\n"
        "\n"
        "plugins:\n"
        "  eq:\n"
        "    plugin: lv2:urn:eq\n"
        "    params: { gain: -3 dB, freq: 220.5 }\n"
        "    mix: { balance: [0, 1] }\n"
        "  my synth: { plugin: lv2:urn:synth#one }\n"
        "\n"
        "links:\n"
        "  - system:capture_1 -> eq:in_l\n"
        "  - eq -> my synth\n"
    )
    parse(render(manifest, ()), Path("x.yaml"))


@pytest.mark.parametrize("number", [1e-10, 3.4e38, -0.1, 1e16])
def test_numbers_of_every_size_are_numbers(number: float) -> None:
    document = yaml12.read(render({"a": float32(number)}, ()), "x.yaml")
    assert document is not None
    assert document.data == {"a": float32(number)}
