"""The picture as text: golden files, and that it stays readable whatever the studio is like."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.pictures import tree
from reconciler.pictures.graph import Graph
from reconciler.pictures.names import clean, cut, joined, natural, width
from tests.pictures.pictures import chain, graphs, ladder, loop
from tests.pictures.worlds import VOICE, applied, declared, live, planned, plugins, standing

GOLDEN = Path(__file__).parent / "golden"


def _drifted() -> Graph:
    studio = applied()
    studio.graph.disconnect("gate:out", "eq:in_l")
    studio.graph.connect("gate:out", "recorder:in_1")
    studio.host.set_param("eq", "gain", -3.0)
    studio.host.remove("verb")
    return standing(studio)


def _replugged() -> Graph:
    after = {
        "plugins": plugins(gate="gate", eq="equalizer", echo="delay"),
        "links": ["system:capture_1 -> gate", "gate -> eq", "eq -> echo", "echo -> system:playback_*"],
    }
    return planned(applied(), after)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("declared", lambda: declared(remark="JACK is not running.")),
        ("drifted", _drifted),
        ("plan", _replugged),
        ("live", lambda: live(applied())),
    ],
)
def test_it_reads_as_written(name: str, make: Callable[[], Graph]) -> None:
    assert tree.render(make()) + "\n" == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_every_port_by_itself() -> None:
    text = tree.render(declared(), every_port=True)
    assert "→ out → eq:in_l" in text
    assert "→ out → eq:in_r" in text
    assert "x2" not in text


def _names(text: str) -> list[str]:
    return [line.split("→")[-1].split()[0] for line in text.splitlines() if "→" in line]


def test_a_long_chain_stays_at_the_left_margin() -> None:
    text = tree.render(chain(300))
    assert _names(text) == [f"n{number}" for number in range(1, 300)]
    assert max(map(width, text.splitlines())) <= tree.WIDTH
    assert all(line.startswith("  →") for line in text.splitlines() if "→" in line)


def test_deep_branches_go_on_further_below() -> None:
    text = tree.render(ladder(60))
    assert "(below)" in text
    assert all(width(line) <= tree.WIDTH for line in text.splitlines())
    assert {f"n{number}" for number in range(1, 60)} <= set(_names(text))


def test_what_is_shared_is_shown_once() -> None:
    text = tree.render(applied_live())
    assert text.count("x2  Reverb") + text.count("2:1  Reverb") <= 1
    assert "(above)" in tree.render(declared({**VOICE, "links": [*VOICE["links"], "keys -> eq"]}))


def applied_live() -> Graph:
    return live(applied())


def test_a_loop_without_a_source_is_shown() -> None:
    text = tree.render(loop(4))
    assert {"n1", "n2", "n3"} <= set(_names(text))
    assert "(above)" in text


@settings(max_examples=60, deadline=None)
@given(graph=graphs(), every_port=st.booleans())
def test_no_name_breaks_a_line(graph: Graph, every_port: bool) -> None:
    text = tree.render(graph, every_port=every_port)
    for line in text.split("\n"):
        assert width(line) <= tree.WIDTH
        assert line.isprintable(), "nothing that a terminal obeys"


@settings(max_examples=60, deadline=None)
@given(graph=graphs())
def test_every_node_is_in_it(graph: Graph) -> None:
    text = tree.render(graph)
    for node in graph.nodes:
        assert cut(clean(node.name), 8).partition("…")[0] in text


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["out"], "out"),
        (["out_l", "out_r"], "out_l+r"),
        (["playback_1", "playback_2"], "playback_1+2"),
        (["out_10", "out_11"], "out_10+11"),
        (["left", "right"], "left, right"),
        (["left_in", "right_in"], "left+right_in"),
        (["in_left", "in_lfe"], "in_left+lfe"),
        (["outL", "outR"], "outL+R"),
        (["a_in", "in"], "a_in, in"),
        ([], ""),
        ([f"out_{number}" for number in range(1, 9)], "out_1…8"),
        (["in", "in_2"], "in, in_2"),
    ],
)
def test_ports_in_one_word(names: list[str], said: str) -> None:
    assert joined(names) == said


def test_long_names_lose_their_middle() -> None:
    assert cut("a-very-long-name-of-a-plugin", 11) == "a-ver…lugin"
    assert width(cut("長い名前の楽器" * 3, 11)) <= 11


def test_numbers_count() -> None:
    assert sorted(["p10", "p2", "p1"], key=natural) == ["p1", "p2", "p10"]
