"""Our reading of YAML is that of YAML 1.2, as ruamel.yaml (which edits the same files) reads it."""

import io
import math
import random
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.comments import TaggedScalar
from ruamel.yaml.error import ReusedAnchorWarning, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from reconciler.manifest import yaml12
from reconciler.model.errors import StudioError


def ours(text: str) -> Any:
    document = yaml12.read(text, "test.yaml")
    return None if document is None else document.data


def canonical(value: Any) -> Any:
    """Make equal what means the same, and unequal what does not: 1, 1.0 and true are three values."""
    match value:
        case TaggedScalar():
            return str(value.value)
        case ScalarBoolean():  # true with an anchor
            return bool(value)
        case dict():
            return {canonical(key): canonical(each) for key, each in value.items()}
        case list():
            return [canonical(each) for each in value]
        case None | bool():
            return value
        case int():
            return ("int", int(value))
        case float():
            return ("float", "nan" if math.isnan(value) else float(value))
        case str():
            return str(value)
        case _:
            return ("unlike anything of ours", repr(value))


def agree(text: str) -> None:
    mine = canonical(ours(text))
    for kind in ("safe", "rt"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            theirs = canonical(YAML(typ=kind, pure=True).load(text))
        assert mine == theirs, kind


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("017", 17),
        ("08", 8),
        ("0o17", 15),
        ("0x1F", 31),
        ("+12", 12),
        ("-0", 0),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5E-3", -0.0005),
        ("-12 dB", "-12 dB"),
        ("45%", "45%"),
        ("4/4", "4/4"),
        ("-", None),
        (".", "."),
        ("0b", "0b"),
        ("1.2.3", "1.2.3"),
        ("e3", "e3"),
        ("C#3", "C#3"),
        ("'017'", "017"),
        ('"no"', "no"),
        ("!!str 017", "017"),
        ("!!float 1", 1.0),
        ("!!int 5", 5),
        ("a -> b", "a -> b"),
        ("system:capture_1", "system:capture_1"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(word: str, meaning: object) -> None:
    if word == "-":
        assert ours("a:\n  -\n") == {"a": [None]}
        return
    value = ours(f"a: {word}\n")["a"]
    assert value == meaning
    assert type(value) is type(meaning)
    agree(f"a: {word}\n")


@pytest.mark.parametrize(("word", "value"), [(".inf", math.inf), ("-.INF", -math.inf), ("+.Inf", math.inf)])
def test_infinity_is_recognised_so_that_it_can_be_refused(word: str, value: float) -> None:
    assert ours(f"a: {word}") == {"a": value}
    agree(f"a: {word}")


def test_nan_is_recognised_too() -> None:
    assert math.isnan(ours("a: .nan")["a"])
    agree("a: .nan")


@pytest.mark.parametrize(
    "word", ["1_000", "0b11", "+0x1F", "0x_1", "-0o17", ".5e3", "1_0.5", "2024-05-01", "2024-05-01 10:00:00", "<<", "="]
)
def test_what_yaml_programs_dispute_is_refused(word: str) -> None:
    with pytest.raises(StudioError) as caught:
        ours(f"a: 1\nb: {word}\n")
    assert caught.value.code == "disputed-value"
    assert str(caught.value.where) == "test.yaml:2:4"
    assert ours(f'b: "{word}"') == {"b": word}


@pytest.mark.parametrize(
    "text",
    [
        "a: &x {p: 1, q: [1, 2]}\nb: *x\nc: {<<: *x, p: 2}\n",
        "x: &x {p: 1}\ny: &y {p: 2, q: 3}\nz:\n  <<: [*x, *y]\n  r: 4\n",
        "x: &x {p: 1}\nz:\n  p: 9\n  <<: *x\n",
        "x: &x {p: 1}\ny: &y {<<: *x, q: 2}\nz: {<<: *y, q: 3}\n",
        "a: &x 1\nb: *x\na2: &x 2\nc: *x\n",
        "&k key: 1\nother: *k\n",
        '"<<": 1\n',
        "a: |\n  one\n  two\nb: >-\n  one\n  two\n\n  three\n",
        "a: 'it''s'\nb: \"\\u266f \\x41 \\/ \\n\"\n",
        "a: one\n  two\n",
        "a:\n- 1\n- - 2\n  - 3\n-\n  b: 4\n",
        "{a: 1, 'b': [x, y: z], c: {d: , e: }}\n",
        "? a\n: 1\n? b\n",
        "# only\n--- # start\na: 1 # end\n",
        "%YAML 1.2\n---\na: 017\n",
        "a: 1\r\nb:\r\n  - c\r\n",
        'a: "x\ty"  # tab\tin a comment\n',
    ],
)
def test_structures_mean_the_same_to_ruamel(text: str) -> None:
    agree(text)


def test_merged_keys_yield_to_written_ones_wherever_they_stand() -> None:
    text = "x: &x {p: 1, q: 1}\ny: &y {q: 2, r: 2}\nz:\n  <<: [*x, *y]\n  p: 3\n"
    assert ours(text)["z"] == {"p": 3, "q": 1, "r": 2}


words = st.one_of(
    st.sampled_from(
        ["no", "on", "null", "017", "0o17", "1e3", "1:30", "-12 dB", "45%", ".inf", "", "C#3", "a: b", "- x"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=12),
)
leaves = st.one_of(words, st.integers(), st.floats(allow_nan=False), st.booleans(), st.none())
documents = st.dictionaries(
    words,
    st.recursive(
        leaves,
        lambda each: st.one_of(st.lists(each, max_size=4), st.dictionaries(words, each, max_size=4)),
        max_leaves=12,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents)
def test_what_ruamel_writes_is_read_as_it_was_meant(document: dict[str, Any]) -> None:
    dumper = YAML(typ="safe", pure=True)
    dumper.default_flow_style = False
    dumper.width = 4096
    stream = io.StringIO()
    dumper.dump(document, stream)
    assert canonical(ours(stream.getvalue())) == canonical(document)


PIECES = [
    *("a", "b", "key", "-", ":", "?", "[", "]", "{", "}", ",", "&", "*", "!", "#", "'", '"', "%", "@", "`"),
    *(".", "+", "_", "=", "0", "1", "017", "0o17", "0x1F", "0b1", "1e3", ".5", "12.", "1_0", ".inf", "-.inf", ".nan"),
    *("~", "null", "true", "no", "on", "1:30", "2024-01-01", "e3", "-1", "-0", "-.5", "+.5E-3", "x:y", "a#b", "-a"),
    *(":x", "::", "...", "---", "<<", "  ", "\n", "\n  ", "\n- ", "- ", ": ", ", ", "&x ", "*x", "<<: *x", "!!str "),
    *(" # c", "\t", "é", "\u00a0", "😀", "''"),
]
BEGINNINGS = [
    "a: ",
    "a:\n  ",
    "a: [",
    "a: {b: ",
    "k: &x\n  m: 1\na:\n  <<: *x\n  ",
    'a: "',
    "a: 1\n",
    "a:\n  - ",
    "a: |\n  x",
]


def test_whatever_is_accepted_means_the_same_to_ruamel() -> None:
    """Texts put together at random: most are refused, and what is not must mean one thing only.

    Without block scalars, whose odd headers (``|#``) and first lines libyaml takes and ruamel.yaml refuses.
    """
    draw = random.Random(21)
    accepted = 0
    for _ in range(6000):
        text = draw.choice(BEGINNINGS) + "".join(draw.choice(PIECES) for _ in range(draw.randint(1, 10)))
        try:
            ours(text)
        except StudioError:
            continue
        accepted += 1
        try:
            agree(text)
        except YAMLError as error:
            raise AssertionError(f"ruamel cannot read {text!r}") from error
    assert accepted > 300
