"""What a link means: which output goes into which input, what waits for its port, and what can never be."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engines.memory import MemoryCatalogue
from reconciler.manifest.load import parse
from reconciler.model.catalogue import Kind
from reconciler.model.errors import StudioError
from reconciler.model.resources import Link
from reconciler.session.compile import compile_session
from reconciler.session.cycles import find_cycle
from reconciler.session.pairing import pair
from reconciler.session.session import EndPort, Session

M = "lv2:urn:studio:memory:"
PLUGINS = {
    "mono": "gain",
    "mono2": "gain",
    "wide": "reverb",
    "st": "stereo-gain",
    "st2": "limiter",
    "comp": "compressor",
    "keys": "synth",
    "up": "transpose",
    "cv": "wobble",
    "meter": "meter",
}


def compiled(*links: str, chains: str = "") -> Session:
    plugins = "".join(f"  {name}: {{ plugin: {M}{kind} }}\n" for name, kind in PLUGINS.items())
    written = "".join(f'  - "{link}"\n' for link in links)
    text = f"version: 1\nsession: s\nplugins:\n{plugins}" + (f"links:\n{written}" if links else "") + chains
    return compile_session(parse(text, Path("s.yaml")), MemoryCatalogue())


def linked(*links: str) -> set[str]:
    session = compiled(*links)
    assert session.wires == ()
    return {f"{link.source} {link.target}" for link in session.links}


def refused(*links: str) -> StudioError:
    with pytest.raises(StudioError) as caught:
        compiled(*links)
    return caught.value


@pytest.mark.parametrize(
    ("written", "links"),
    [
        ("mono -> mono2", {"mono:out mono2:in"}),
        ("mono -> st", {"mono:out st:in_l", "mono:out st:in_r"}),
        ("st -> mono", {"st:out_l mono:in", "st:out_r mono:in"}),
        ("st -> st2", {"st:out_l st2:in_l", "st:out_r st2:in_r"}),
        ("wide -> comp", {"wide:out_l comp:in_l", "wide:out_r comp:in_r"}),
        ("keys -> st", {"keys:out_l st:in_l", "keys:out_r st:in_r"}),
        ("up -> keys", {"up:midi_out keys:midi_in"}),
        ("mono -> comp:sc_in", {"mono:out comp:sc_in"}),
        ("st:out_r -> mono", {"st:out_r mono:in"}),
        ("st:Out L -> mono:IN", {"st:out_l mono:in"}),
        ("st:out2 -> st2:in1", {"st:out_r st2:in_l"}),
        ("st:out_* -> st2:in_*", {"st:out_l st2:in_l", "st:out_r st2:in_r"}),
        ("st:out_[r] -> mono", {"st:out_r mono:in"}),
    ],
)
def test_a_link_means_these_cables(written: str, links: set[str]) -> None:
    assert linked(written) == links


def test_a_chain_is_a_link_from_each_to_the_next() -> None:
    chained = compiled(chains="chains:\n  voice: [mono, comp, st2]\n")
    assert chained.links == compiled("mono -> comp", "comp -> st2").links
    assert {str(where) for where in chained.origins.values() if where.line == 15} == {"s.yaml:15:17", "s.yaml:15:23"}


def test_the_same_cable_said_twice_is_one() -> None:
    session = compiled("mono -> mono2", "mono:out -> mono2:in")
    assert len(session.links) == 1
    assert session.origins["links.mono:out->mono2:in"].line == 15


@pytest.mark.parametrize("written", ["system:capture_1 -> mono", "mono -> system:playback_*", "mic -> recorder:in2"])
def test_what_is_not_of_this_session_waits_for_its_ports(written: str) -> None:
    session = compiled(written)
    assert session.links == frozenset()
    assert [wire.address for wire in session.wires] == ["links." + written.replace(" -> ", "->")]
    assert session.origins[session.wires[0].address].line == 15


def test_a_client_that_sounds_like_a_plugin_is_suspected() -> None:
    assert compiled("metre -> system:playback_1").wires[0].suggestion == "meter"
    assert compiled("system:capture_1 -> mono").wires[0].suggestion is None


@pytest.mark.parametrize(
    ("written", "code", "message", "hint"),
    [
        ("st:out -> mono", "unknown-port", "st:out: Stereo Gain has no output of that name", "did you mean out_"),
        ("mono:nothing -> st", "unknown-port", "no output of that name", "its outputs are out"),
        ("st:out3 -> mono", "unknown-port", "no output of that name", "did you mean out_"),
        ("st:in_l -> mono", "wrong-direction", "st:in_l is not an output", "a link runs from output to input"),
        ("mono -> st:out_l", "wrong-direction", "st:out_l is not an input", "a link runs from output to input"),
        ("mono -> cv", "unknown-port", "cv has no main input", None),
        ("keys -> up", "channels-differ", "keys into up: one side gives audio, the other takes midi", "name the ports"),
        ("st -> comp:sc_*", "ok", "", None),
    ],
)
def test_what_cannot_be_linked_is_told_with_its_place(written: str, code: str, message: str, hint: str | None) -> None:
    if code == "ok":
        assert linked(written) == {"st:out_l comp:sc_in", "st:out_r comp:sc_in"}, "two into one key input are summed"
        return
    error = refused(written)
    assert error.code == code
    assert message in error.message
    assert (error.hint or "").startswith(hint or "")
    assert str(error.where) == "s.yaml:15:5"


@pytest.mark.parametrize(
    ("links", "loop"),
    [
        (["mono -> mono"], "mono -> mono"),
        (["mono -> mono2", "mono2 -> mono"], "mono -> mono2 -> mono"),
        (
            ["st2 -> comp", "wide -> st", "st -> st2", "st2 -> mono", "mono -> wide"],
            "mono -> wide -> st -> st2 -> mono",
        ),
        (["comp -> mono", "mono -> comp:sc_in"], "comp -> mono -> comp"),
    ],
)
def test_a_feedback_loop_is_refused_with_its_nodes(links: list[str], loop: str) -> None:
    error = refused(*links)
    assert (error.code, error.message) == ("feedback-loop", f"the signal runs in a loop: {loop}")
    assert error.where is not None
    assert error.hint == "take one of these links out"
    assert error.where.line in range(15, 15 + len(links))


def test_a_long_chain_is_no_loop_and_no_trouble() -> None:
    links = [Link(f"n{number}:out", f"n{number + 1}:in") for number in range(20000)]
    assert find_cycle(links) is None
    found = find_cycle([*links, Link("n20000:out", "n0:in")])
    assert found is not None
    assert len(found) == 20001


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_a_cycle_is_found_if_and_only_if_there_is_one(edges: list[tuple[int, int]]) -> None:
    links = [Link(f"{left}:o", f"{right}:i") for left, right in edges]
    found = find_cycle(links)
    follows = {(str(left), str(right)) for left, right in edges}
    # A graph without a loop loses its ends one by one until nothing is left.
    left = set(follows)
    while ends := {edge for edge in left if all(edge[1] != other[0] for other in left)}:
        left -= ends
    assert (found is not None) is bool(left)
    if found is not None:
        assert all(step in follows for step in zip(found, [*found[1:], found[0]], strict=True))


def _ports(node: str, kinds: list[Kind]) -> list[EndPort]:
    return [EndPort(f"{node}:{number}", kind) for number, kind in enumerate(kinds)]


KINDS = st.lists(st.sampled_from([Kind.AUDIO, Kind.MIDI, Kind.CV]), max_size=5)


@given(KINDS, KINDS)
def test_pairing_never_crosses_kinds_and_leaves_no_end_out(outs: list[Kind], ins: list[Kind]) -> None:
    sources, targets = _ports("a", outs), _ports("b", ins)
    paired = pair(sources, targets)
    kinds = {port.name: port.kind for port in [*sources, *targets]}
    if isinstance(paired, str):
        assert paired
        return
    used = {kinds[link.source] for link in paired} | {kinds[link.target] for link in paired}
    (kind,) = used
    assert {link.source for link in paired} == {port.name for port in sources if port.kind is kind}
    assert {link.target for link in paired} == {port.name for port in targets if port.kind is kind}


FOLLOWING = f"""version: 1
session: s
plugins:
  eq: {{ plugin: {M}equalizer, midi: {{ gain: {{ cc: 21 }}, q: {{ cv: true, range: RANGE }} }} }}
  bare: {{ plugin: {M}equalizer }}
  wave: {{ plugin: {M}wobble }}
  only: {{ plugin: {M}wobble, bridge: true }}
  keys: {{ plugin: {M}synth, midi: {{ cutoff: {{ cc: 74 }} }} }}
  up: {{ plugin: {M}transpose }}
links:
"""


def following(link: str, volts: str = "[0, 1]") -> Session:
    text = f'{FOLLOWING.replace("RANGE", volts)}  - "{link}"\n'
    return compile_session(parse(text, Path("s.yaml")), MemoryCatalogue())


@pytest.mark.parametrize(
    ("written", "links"),
    [
        ("up -> eq", {"up:midi_out eq:events-in"}),
        ("up -> bare:events-in", {"up:midi_out bare:events-in"}),
        ("up -> keys", {"up:midi_out keys:midi_in"}),
        ("up -> keys:events-in", {"up:midi_out keys:midi_in"}),
        ("bare -> eq", {"bare:out_l eq:in_l", "bare:out_r eq:in_r"}),
        ("wave -> eq:q", {"wave:cv_out eq:q"}),
        ("bare:* -> eq:*", {"bare:out_l eq:in_l", "bare:out_r eq:in_r"}),
    ],
)
def test_what_moves_parameters_is_linked_by_name_and_never_meant_by_audio(written: str, links: set[str]) -> None:
    assert {f"{link.source} {link.target}" for link in following(written).links} == links


@pytest.mark.parametrize(
    ("written", "code", "hint"),
    [
        ("up -> bare", "channels-differ", "name the ports"),
        ("wave -> bare:q", "unknown-port", "midi: { q: { cv: true } }"),
        ("wave -> eq", "channels-differ", "name the ports"),
        ("up -> only:events-in", "unknown-port", "its inputs are none"),
        ("eq:events-in -> keys", "wrong-direction", "from output to input"),
    ],
)
def test_a_port_that_nothing_adds_is_none(written: str, code: str, hint: str) -> None:
    with pytest.raises(StudioError) as caught:
        following(written)
    assert caught.value.code == code
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("volts", ["[1, 1]", "[0 dB, 1]", "[0, .inf]"])
def test_the_range_of_cv_is_two_voltages(volts: str) -> None:
    (follows,) = (one for one in following("wave -> eq:q", "[-5, 5]").plugins["eq"].midi.values() if one.source == "cv")
    assert (follows.low, follows.high) == (-5.0, 5.0)
    with pytest.raises(StudioError):
        following("wave -> eq:q", volts)
