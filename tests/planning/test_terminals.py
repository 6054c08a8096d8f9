"""Few terminals for many links: what is asked comes to stand and nothing else is ever heard, or it is refused."""

import itertools
from collections.abc import Iterator, Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.catalogue import Direction, Kind
from reconciler.model.resources import Link, Terminals
from reconciler.model.terminals import compose, terminals
from reconciler.planning.terminals import Misfit, Rewiring, allocate

OUTS = ("mic:1", "mic:2", "mic:3", "mic:10")
INS = ("rec:1", "rec:2", "rec:3")
KEYS, LIGHTS = ("keys:midi", "pads:midi"), ("lights:midi",)
PLUGIN_INS = ("eq:in_l", "eq:in_r", "gate:in", "old:in")
PLUGIN_OUTS = ("eq:out_l", "eq:out_r", "gate:out", "old:out")
SYNTHS, ARPS = ("synth:midi", "arp:midi"), ("arp:out",)
KINDS = dict.fromkeys((*OUTS, *INS), Kind.AUDIO) | dict.fromkeys((*KEYS, *LIGHTS), Kind.MIDI)
EMPTY = terminals("")
AUDIO_IN, AUDIO_OUT = [[p.name for p in ports if p.kind is Kind.AUDIO] for ports in (EMPTY.inputs, EMPTY.outputs)]
MIDI_IN, MIDI_OUT = [[p.name for p in ports if p.kind is Kind.MIDI] for ports in (EMPTY.inputs, EMPTY.outputs)]
LOGICAL = [
    Link(source, target)
    for sources, targets in ((OUTS, PLUGIN_INS), (PLUGIN_OUTS, INS), (KEYS, SYNTHS), (ARPS, LIGHTS))
    for source, target in itertools.product(sources, targets)
]
RAW = [
    Link(source, target)
    for sources, targets in (
        (OUTS, AUDIO_IN),
        (AUDIO_IN, PLUGIN_INS),
        (AUDIO_IN, AUDIO_OUT),
        (PLUGIN_OUTS, AUDIO_OUT),
        (AUDIO_OUT, INS),
        (AUDIO_OUT, AUDIO_IN),
        (KEYS, MIDI_IN),
        (MIDI_IN, SYNTHS),
        (ARPS, MIDI_OUT),
        (MIDI_OUT, LIGHTS),
    )
    for source, target in itertools.product(sources, targets)
]


def inside(port: str) -> bool:
    return port not in KINDS


def is_old(port: str) -> bool:
    return port.startswith("old:")


def standing(links: Sequence[Link] | frozenset[Link]) -> frozenset[Link]:
    return compose(msgspec.structs.replace(EMPTY, links=frozenset(links)))


def steps(of: Terminals, rewiring: Rewiring) -> Iterator[frozenset[Link]]:
    """Yield what is heard through terminals after each single call."""
    links = set(of.links)
    every = {port.name for port in (*of.inputs, *of.outputs)}
    for cut in rewiring.cuts:
        assert cut in links
        links.remove(cut)
        yield standing(frozenset(links))
    for join in rewiring.joins:
        assert join not in links
        if join.source in every or join.target in every:
            links.add(join)
        yield standing(frozenset(links))


def made(of: Terminals, rewiring: Rewiring) -> Terminals:
    kept = (of.links - frozenset(rewiring.cuts)) | frozenset(
        join for join in rewiring.joins if not (inside(join.source) and inside(join.target)) or _through(join)
    )
    return msgspec.structs.replace(of, links=kept)


def _through(link: Link) -> bool:
    every = {port.name for port in (*EMPTY.inputs, *EMPTY.outputs)}
    return link.source in every or link.target in every


def fits(rows: Sequence[frozenset[str]], count: int) -> bool:
    """Whether ``count`` sets exist of which every row is a sum without overlap; by trying all."""
    universe = sorted(frozenset().union(*rows)) if rows else []
    subsets = [
        frozenset(chosen) for size in range(len(universe) + 1) for chosen in itertools.combinations(universe, size)
    ]
    for parts in itertools.combinations_with_replacement(subsets, count):
        sums = {
            frozenset().union(*taken)
            for size in range(1, count + 1)
            for taken in itertools.combinations(parts, size)
            if sum(map(len, taken)) == len(frozenset().union(*taken))
        }
        if all(row in sums for row in rows):
            return True
    return False


def rows(links: Sequence[Link], direction: Direction, kind: Kind) -> list[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for link in links:
        outside, plugin = (link.source, link.target) if direction is Direction.IN else (link.target, link.source)
        if KINDS.get(outside) is kind and inside(plugin):
            found.setdefault(outside, set()).add(plugin)
    return [frozenset(row) for row in found.values()]


def room(links: Sequence[Link]) -> bool:
    return all(
        fits(rows(links, direction, kind), count)
        for direction in Direction
        for kind, count in ((Kind.AUDIO, 2), (Kind.MIDI, 1))
    )


WANTED = st.lists(st.sampled_from(LOGICAL), unique=True, max_size=7)
PRESENT = st.lists(st.sampled_from(RAW), unique=True, max_size=9)


@given(wanted=WANTED, present=PRESENT)
def test_what_is_asked_comes_to_stand_and_is_refused_only_where_nothing_would_do(
    wanted: list[Link], present: list[Link]
) -> None:
    before = msgspec.structs.replace(EMPTY, links=frozenset(present))
    # What foreign clients have among themselves through the engine, or plugins, is not up to this plan.
    others = [link for link in standing(frozenset(present)) if inside(link.source) is inside(link.target)]
    asked = [*others, *wanted]
    answer = allocate(before, asked, inside, KINDS)
    if isinstance(answer, Misfit):
        assert not room(wanted), "a better way was there"
        return
    end = standing(made(before, answer).links)
    direct = {join for join in answer.joins if not _through(join)}
    assert end | direct == set(asked) or (end <= set(asked) and end | direct >= set(wanted))
    assert room(wanted) or answer == Rewiring(), "what stands already stays, however it was done"
    old, new = standing(frozenset(present)), set(asked)
    for heard in steps(before, answer):
        assert heard <= old | new
    assert allocate(made(before, answer), sorted(end), inside, KINDS) == Rewiring()


@given(wanted=WANTED)
def test_from_nothing_it_is_done_exactly_where_it_can_be(wanted: list[Link]) -> None:
    answer = allocate(EMPTY, wanted, inside, KINDS)
    assert isinstance(answer, Misfit) is not room(wanted)
    if isinstance(answer, Rewiring):
        assert answer.cuts == ()
        assert standing(answer.joins) == frozenset(wanted)
        _assert_nothing_sounds_twice(answer.joins)
    else:
        assert answer.port in {end for link in wanted for end in (link.source, link.target)}
        assert answer.port not in answer.others
        within = [link for link in wanted if {link.source, link.target} & {answer.port, *answer.others}]
        fewer = [link for link in within if answer.port not in {link.source, link.target}]
        assert len(rows(fewer, answer.direction, answer.kind)) == len(answer.others)
        assert fits(rows(fewer, answer.direction, answer.kind), answer.terminals)
        assert not fits(rows(within, answer.direction, answer.kind), answer.terminals)


def _assert_nothing_sounds_twice(joins: Sequence[Link]) -> None:
    ways: list[Link] = []
    for port in (*EMPTY.inputs, *EMPTY.outputs):
        into = [link.source for link in joins if link.target == port.name]
        out = [link.target for link in joins if link.source == port.name]
        ways += [Link(source, target) for source, target in itertools.product(into, out)]
    assert len(ways) == len(set(ways))


@given(first=WANTED, second=WANTED)
def test_a_link_that_stays_is_not_interrupted_by_one_that_comes_where_a_terminal_is_free(
    first: list[Link], second: list[Link]
) -> None:
    one = allocate(EMPTY, first, inside, KINDS)
    if isinstance(one, Misfit):
        return
    there = made(EMPTY, one)
    two = allocate(there, first, inside, KINDS)
    assert two == Rewiring(), "nothing is shuffled when nothing changes"
    both = list(dict.fromkeys([*first, *second]))
    rewiring = allocate(there, both, inside, KINDS)
    if isinstance(rewiring, Rewiring):
        kept = [standing(there.links)]
        kept += list(steps(there, rewiring))
        if not rewiring.cuts:
            assert all(set(first) <= heard for heard in kept)


@given(first=WANTED, second=WANTED)
def test_a_plugin_about_to_be_removed_hears_nothing_new(first: list[Link], second: list[Link]) -> None:
    one = allocate(EMPTY, first, inside, KINDS)
    wanted = [link for link in second if not is_old(link.source) and not is_old(link.target)]
    if isinstance(one, Misfit):
        return
    there = made(EMPTY, one)
    two = allocate(there, wanted, inside, KINDS, is_old)
    if isinstance(two, Misfit):
        assert not room(wanted)
        return
    for heard in steps(there, two):
        assert heard <= set(first) | set(wanted)
    left = frozenset(link for link in made(there, two).links if not is_old(link.source) and not is_old(link.target))
    assert standing(left) == frozenset(wanted)


def test_the_first_port_takes_the_first_terminal() -> None:
    answer = allocate(EMPTY, [Link("mic:10", "eq:in_r"), Link("mic:2", "eq:in_l")], inside, KINDS)
    assert isinstance(answer, Rewiring)
    assert Link("mic:2", AUDIO_IN[0]) in answer.joins
    assert Link("mic:10", AUDIO_IN[1]) in answer.joins


def test_three_microphones_fit_if_one_is_the_sum_of_two() -> None:
    pan = [Link("mic:1", "eq:in_l"), Link("mic:2", "eq:in_r"), Link("mic:3", "eq:in_l"), Link("mic:3", "eq:in_r")]
    answer = allocate(EMPTY, pan, inside, KINDS)
    assert isinstance(answer, Rewiring)
    assert standing(answer.joins) == frozenset(pan)
    wider = allocate(EMPTY, [*pan, Link("mic:10", "gate:in")], inside, KINDS)
    assert wider == Misfit("mic:10", ("mic:1", "mic:2", "mic:3"), Kind.AUDIO, Direction.IN, 2)
