"""Every text that is no manifest gets one clear error with its place."""

import time

import pytest
import yaml

from reconciler.manifest import yaml12
from reconciler.model.errors import StudioError


def refusal(text: str) -> StudioError:
    with pytest.raises(StudioError) as caught:
        yaml12.read(text, "studio.yaml")
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", "3:1", "first in line 1"),
        ("a: {x: 1, x: 2}\n", "duplicate-key", "1:11", '"x"'),
        ("a: &x {p: 1}\nb:\n  <<: *x\n  <<: *x\n", "duplicate-key", "4:3", "<<"),
        ("a: 1\n5: 2\n", "key-not-text", "2:1", "5"),
        ("a: 1\n: 2\n", "yaml-syntax", "2:1", "missing"),
        ("true: 2\n", "key-not-text", "1:1", "true"),
        ("? [a, b]\n: 2\n", "key-not-text", "1:3", "text"),
        ("a: !plugin x\n", "unknown-tag", "1:4", "!plugin"),
        ("a: !!python/object:os.system x\n", "unknown-tag", "1:4", "!!python/object"),
        ("a: !!binary aGk=\n", "unknown-tag", "1:4", "!!binary"),
        ("a: !!int x\n", "unknown-tag", "1:4", "x is no int"),
        ("a: !!set {x}\n", "unknown-tag", "1:4", "!!set"),
        ("a: ! 5\n", "unknown-tag", "1:4", "!"),
        ("a: *nope\nb: 1\n", "unknown-anchor", "1:4", "&nope"),
        ("a: &x [*x]\n", "alias-loop", "1:8", "&x"),
        ("a: &x:y 1\n", "anchor-name", "1:4", "&x"),
        ("a: 1\nb:\n  <<: 5\n", "merge", "3:7", "<<"),
        ("a: &x [1]\nb:\n  <<: [*x]\n", "merge", "3:7", "<<"),
        ("a: 1\n---\nb: 1\n", "several-documents", "2:1", "second"),
        ("a: 1\n...\n", "several-documents", "2:1", "..."),
        ("- a\n- b\n", "not-a-mapping", "1:1", "mapping"),
        ("just words\n", "not-a-mapping", "1:1", "mapping"),
        ("%YAML 1.1\n---\na: 1\n", "yaml-version", "1:1", "1.1"),
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n", "conflict-marker", "2:1", "merge conflict"),
        ("a:\n\tb: 1\n", "yaml-tab", "2:1", "tab"),
        ("a:\n  b: 1\n\tc: 2\n", "yaml-tab", "3:1", "tab"),
        ("a: 1\t# c\n", "yaml-tab", "1:5", "tab"),
        ("a: 1\u2028b: 2\n", "hidden-character", "1:5", "U+2028"),
        ("a: \x07\n", "not-text", "1:4", "U+0007"),
        ("a: " + "1" * 500 + "\n", "number-too-long", "1:4", "500"),
        ("a: b: c\n", "yaml-syntax", "1:5", "second colon"),
        ("x: 1\na:1\nb: 2\n", "yaml-syntax", "2:2", "no space"),
        ("a:1\nb: 2\n", "yaml-syntax", "1:2", "no space"),
        ("a: 1\n  b: 2\n", "yaml-syntax", "2:4", "indentation"),
        ("a:\n  b: 1\n c: 2\n", "yaml-syntax", "3:2", "does not fit"),
        ('a: "b\nc: 1\n', "yaml-syntax", "1:4", "never closed"),
        ("a: [1, 2\nb: 3\n", "yaml-syntax", "1:4", "[ that opens here"),
        ("a: {x: 1\nb: 3\n", "yaml-syntax", "1:4", "{ that opens here"),
        ("a: *.x\n", "yaml-syntax", "1:4", "*"),
        ("a: @x\n", "yaml-syntax", "1:4", "begin with @"),
        ("a: 'it's'\n", "yaml-syntax", "1:8", "quote"),
        ('a: "\\q"\n', "yaml-syntax", "1:5", "\\"),
        ("a: 1\nb\nc: 2\n", "yaml-syntax", "2:1", "no colon"),
        ("a: |x\n", "yaml-syntax", "1:5", "| or >"),
        ("a: [1,\n", "yaml-syntax", "2:1", "file ends"),
    ],
)
def test_each_fault_has_its_code_place_and_words(text: str, code: str, place: str, words: str) -> None:
    error = refusal(text)
    assert (error.code, str(error.where)) == (code, f"studio.yaml:{place}")
    assert words in error.message
    assert error.hint or code in ("number-too-long", "key-not-text")


@pytest.mark.parametrize(
    "text", ["a: [1, 2\nb: 3\n", "a: b: c\n", "a:\n\tb: 1\n", "a: \x07\n", "a: 1\n5: 2\n", "a: 1\na: 2\n"]
)
def test_without_libyaml_the_refusals_are_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = refusal(text)
    monkeypatch.setattr(yaml12, "_LOADER", yaml.SafeLoader)
    slow = refusal(text)
    assert (slow.code, slow.message, slow.where) == (fast.code, fast.message, fast.where)


def test_without_libyaml_the_meaning_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x {p: 017, q: no}\nb:\n  <<: *x\n  r: [1e3, ~, 'y']\n"
    fast = yaml12.read(text, "f")
    monkeypatch.setattr(yaml12, "_LOADER", yaml.SafeLoader)
    assert yaml12.read(text, "f") == fast


def test_a_near_anchor_is_suggested() -> None:
    assert refusal("a: &base {x: 1}\nb: *bsae\n").hint == "did you mean *base?"


def test_nothing_at_all_is_no_document() -> None:
    for text in ("", "\n\n", "# only a comment\n"):
        assert yaml12.read(text, "studio.yaml") is None


def test_an_alias_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    started = time.perf_counter()
    assert refusal("\n".join(lines)).code == "too-many-nodes"
    assert time.perf_counter() - started < 2


def test_a_merge_bomb_is_refused_too() -> None:
    lines = ["a0: &a0 {" + ", ".join(f"k{n}: 1" for n in range(50)) + "}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], n{n}: 1}}" for n in range(1, 10)]
    assert refusal("\n".join(lines)).code == "too-many-nodes"


@pytest.mark.parametrize("text", ["a: " + "[" * 100_000, "a: " + "{a: " * 60 + "}" * 60, "- " * 5000])
def test_depth_is_bounded(text: str) -> None:
    assert refusal(text).code in ("too-deep", "yaml-syntax")


def test_depth_counts_through_aliases() -> None:
    lines = ["a0: &a0 [[[[[[[[[[x]]]]]]]]]]"]
    lines += [f"a{n}: &a{n} [[[[[[[[[[*a{n - 1}]]]]]]]]]]" for n in range(1, 6)]
    assert refusal("\n".join(lines)).code == "too-deep"


def test_fifty_levels_are_enough_and_allowed() -> None:
    levels = yaml12.MOST_LEVELS - 2
    assert yaml12.read("a: " + "[" * levels + "x" + "]" * levels, "f") is not None


def test_a_long_line_of_tabs_is_no_trap() -> None:
    started = time.perf_counter()
    assert yaml12.read('a: "' + "\t" * 1_000_000 + '"  # ' + "\t" * 100_000, "f") is not None
    assert time.perf_counter() - started < 5
