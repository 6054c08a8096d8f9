"""DOT and SVG: well-formed whatever the names are, told to people who do not see, and laid out by Graphviz alone."""

import itertools
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.errors import StudioError
from reconciler.pictures import dot, svg
from reconciler.pictures.drawing import lay
from reconciler.pictures.graph import Graph, Node, NodeKind, State, View
from reconciler.pictures.names import clean
from tests.pictures.pictures import chain, graphs
from tests.pictures.worlds import VOICE, applied, declared, planned, standing

graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {f"{SVG}{name}" for name in ("svg", "g", "title", "desc", "polygon", "path", "text", "polyline", "ellipse")}
ATTRIBUTES = re.compile(
    r"id|class|role|aria-labelledby|width|height|viewBox|transform|points|d|x|y|fill|stroke|stroke-\w+"
    r"|font-\w+|text-anchor|cx|cy|rx|ry|textLength|lengthAdjust|fill-opacity|stroke-opacity"
)


def read(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text)
    for element in root.iter():
        assert element.tag in ELEMENTS, element.tag
        for name in element.attrib:
            assert ATTRIBUTES.fullmatch(name) or name.endswith("}space"), name
    return root


def texts(root: ElementTree.Element) -> list[str]:
    return [(element.text or "").replace("\xa0", " ").strip() for element in root.iter(f"{SVG}text")]


def titles(root: ElementTree.Element, kind: str) -> list[str]:
    groups = (group for group in root.iter(f"{SVG}g") if group.get("class") == kind)
    return [group.findtext(f"{SVG}title") or "" for group in groups]


@graphviz
@settings(max_examples=40, deadline=None)
@given(graph=graphs(), every_port=st.booleans())
def test_no_name_breaks_out_of_an_svg(graph: Graph, every_port: bool) -> None:
    drawing = lay(graph, every_port=every_port)
    root = read(svg.render(graph, every_port=every_port))
    assert len(titles(root, "node")) == len(drawing.boxes)
    assert len(titles(root, "edge")) == len(drawing.cables)


@settings(max_examples=100, deadline=None)
@given(graph=graphs(), every_port=st.booleans())
def test_no_name_breaks_out_of_a_label(graph: Graph, every_port: bool) -> None:
    drawing = lay(graph, every_port=every_port)
    lines = dot.source(drawing).splitlines()
    boxes = [line for line in lines if re.match(r"  n\d+ \[id=box\d+, label=<", line)]
    cables = [line for line in lines if re.match(r"  n\d+(:o\d+:e)? -> n\d+(:i\d+:w)? \[", line)]
    assert (len(boxes), len(cables)) == (len(drawing.boxes), len(drawing.cables))
    assert len(lines) == len(boxes) + len(cables) + 6
    for box in boxes:
        ElementTree.fromstring(box.partition("label=<")[2].removesuffix(">];").replace("&#160;", " "))


@graphviz
@pytest.mark.parametrize("name", ["]", "a]]", "\\N", "&lt;", "'\"", " ", "\u202e", "名前"])
def test_a_name_is_shown_as_it_is(name: str) -> None:
    graph = Graph("names", View.LIVE, (Node(name, NodeKind.FOREIGN, State.PRESENT),))
    assert clean(name).strip() in texts(read(svg.render(graph)))


@graphviz
def test_a_picture_is_told_to_who_does_not_see_it() -> None:
    studio = applied()
    studio.graph.connect("gate:out", "recorder:in_1")
    root = read(svg.render(standing(studio)))
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "title desc")
    assert [root[0].tag, root[1].tag] == [f"{SVG}title", f"{SVG}desc"]
    assert root[0].text == "case: routing, and how it stands"
    assert "gate:out to recorder:in_1, audio, not in the manifest" in (root[1].text or "")
    assert "plugin eq, Equalizer" in titles(root, "node")
    assert "foreign keyboard, waited for" in titles(root, "node")


@graphviz
def test_what_a_person_must_know_stands_in_words() -> None:
    shown = texts(read(svg.render(planned(applied(), {**VOICE, "links": ["eq -> recorder:in_[12]"]}))))
    assert {"x2 new", "x2 goes", "another program", "in_1+2"} <= set(shown)


@graphviz
def test_every_cable_has_the_title_that_is_its_own() -> None:
    root = read(svg.render(planned(applied(), {**VOICE, "links": ["verb -> recorder:in_[12]", "eq -> verb"]})))
    labels = {}
    for group in root.iter(f"{SVG}g"):
        if group.get("class") == "edge":
            labels[group.findtext(f"{SVG}title")] = " ".join(texts(group))
    assert labels["verb:out_l+r to recorder:in_1+2, x2, audio, new"] == "x2 new"
    assert labels["eq:out_l+r to verb:in, 2:1, audio"] == "2:1"
    assert len(labels) == len(titles(root, "edge"))


@graphviz
def test_hardware_stands_at_both_ends() -> None:
    root = read(svg.render(declared()))
    assert titles(root, "node").count("hardware system") == 2


def test_parallel_sides_are_one_cable() -> None:
    marks = sorted(cable.mark for cable in lay(declared()).cables)
    # capture_1 -> gate; gate -> eq; eq -> playback_*, eq -> verb, verb -> playback_*; keyboard -> keys
    assert marks == ["", "", "1:2", "2:1", "x2", "x2"]
    assert {cable.mark for cable in lay(declared(), every_port=True).cables} == {""}


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """By WCAG 2: 1 is the same, 21 is black on white."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", sorted({*dot.KINDS.values(), *dot.STATES.values()}))
@pytest.mark.parametrize("page", ["#ffffff", "#0d1117"], ids=["light", "dark"])
def test_cables_are_seen_on_light_and_dark_pages(colour: str, page: str) -> None:
    assert contrast(colour, page) >= 3


def test_writing_is_read_on_its_ground() -> None:
    pairs = [(head, "#ffffff") for head in dot.HEADS.values()] + [(dot.CARD, dot.INK), (dot.CARD, dot.FAINT)]
    assert min(itertools.starmap(contrast, pairs)) >= 4.5
    assert set(dot.HEADS) == set(NodeKind)
    assert set(dot.STATES) == set(State) - {State.DECLARED, State.PRESENT}


def test_without_graphviz_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StudioError) as caught:
        svg.render(chain(2))
    assert caught.value.code == "graphviz-missing"
    assert "raphviz" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        ("cat >/dev/null; echo 'Error: <stdin>: syntax error' >&2; exit 1", "graphviz-failed", "syntax error"),
        ("cat >/dev/null; exit 3", "graphviz-failed", "ended with 3"),
        ("exec sleep 30", "graphviz-slow", "0.2 s"),
    ],
)
def test_a_graphviz_that_fails_is_an_error(
    body: str, code: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(StudioError) as caught:
        svg.render(chain(2), limit_s=0.2 if code == "graphviz-slow" else 20)
    assert (caught.value.code, says in caught.value.message) == (code, True)


@graphviz
def test_graphviz_itself_finds_nothing_to_complain_of() -> None:
    for every_port in (False, True):
        source = dot.render(standing(applied()), every_port=every_port)
        done = subprocess.run(["dot", "-Tcanon"], input=source, capture_output=True, encoding="utf-8", check=True)
        assert done.stderr == ""
