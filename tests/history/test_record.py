"""Generations are numbered and whole, claims survive, and what is damaged is told, never taken for empty."""

import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.history.record import Generation, Record, merge
from reconciler.model.errors import StudioError
from reconciler.model.resources import Link, Plugin
from reconciler.planning.plan import Baseline
from tests.history.conftest import generation

A = Plugin("a", "lv2:urn:a", params={"gain": 1.0, "mix": 0.5})
B = Plugin("b", "lv2:urn:b")
LINK = Link("a:out", "b:in")


def owned(record: Record) -> tuple[dict[str, Plugin], set[Link], set[str]]:
    """What counts as ours now."""
    baseline = record.baseline()
    return baseline.plugins, set(baseline.links), set(baseline.protected)


def test_nothing_was_ever_applied(record: Record) -> None:
    assert record.current() is None
    assert record.claims() is None
    assert record.baseline() == Baseline()
    assert record.next_number() == 1
    assert not record.folder.exists(), "looking makes no folder"


def test_a_generation_comes_back_as_it_was_written(record: Record) -> None:
    written = generation(1, A, B, links=frozenset({LINK}))
    record.add(written)
    assert Record("s").current() == written
    assert owned(record) == ({"a": A, "b": B}, {LINK}, set())


def test_generations_are_numbered_and_kept(record: Record) -> None:
    for plugins in ((A,), (A, B), (B,)):
        record.add(generation(record.next_number(), *plugins))
    names = sorted(path.name for path in (record.folder / "generations").iterdir())
    assert names == ["000001.json", "000002.json", "000003.json"]
    current = record.current()
    assert current is not None
    assert (current.number, list(current.session.plugins)) == (3, ["b"])


def test_a_number_is_never_used_twice(record: Record) -> None:
    record.add(generation(1, A))
    record.add(generation(2, B))
    (record.folder / "current").unlink()
    assert record.current() is None
    assert record.next_number() == 3


def test_a_pointer_written_before_the_machine_went_down_still_points(record: Record) -> None:
    record.add(generation(1, A))
    # The second generation was written, its pointer was not.
    path = record.folder / "generations" / "000002.json"
    path.write_bytes(msgspec.json.encode(generation(2, B)))
    current = record.current()
    assert current is not None
    assert current.number == 1
    assert record.next_number() == 3


def test_claims_are_ours_until_a_generation_proves_them(record: Record) -> None:
    record.add(generation(1, A))
    record.claim(Baseline({"b": B}, frozenset({LINK}), frozenset({"b"})))
    assert owned(Record("s")) == ({"a": A, "b": B}, {LINK}, {"b"})
    record.add(generation(2, B))
    assert record.claims() is None
    assert owned(record) == ({"b": B}, set(), set())


def test_merged_claims_forget_nothing() -> None:
    newer = Plugin("a", "lv2:urn:a", program="urn:warm", params={"gain": 2.0, "q": 1.0})
    assert merge(Baseline({"a": A}), Baseline({"a": newer})).plugins["a"] == Plugin(
        "a", "lv2:urn:a", program="urn:warm", params={"gain": 2.0, "mix": 0.5, "q": 1.0}
    )
    assert merge(Baseline({"a": newer}), Baseline({"a": A})).plugins["a"].program == "urn:warm"
    other = Plugin("a", "lv2:urn:other")
    assert merge(Baseline({"a": A}), Baseline({"a": other})).plugins["a"] == other, "another plugin, another story"


NAMES = st.sampled_from(["a", "b", "c"])
BASELINES = st.builds(
    Baseline,
    st.dictionaries(NAMES, st.builds(lambda uri: Plugin("x", uri), st.sampled_from(["lv2:urn:1", "lv2:urn:2"]))),
    st.frozensets(st.builds(Link, NAMES, NAMES)),
    st.frozensets(NAMES),
)


@given(BASELINES, BASELINES, BASELINES)
def test_merging_keeps_every_name_and_does_not_mind_how_often(one: Baseline, two: Baseline, three: Baseline) -> None:
    both = merge(one, two)
    assert both.plugins.keys() == one.plugins.keys() | two.plugins.keys()
    assert both.links == one.links | two.links
    assert merge(both, two) == both
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("current", b"three"),
        ("current", b""),
        ("current", b"\xff\xfe"),
        ("current", b"7"),
        ("generations/000001.json", b""),
        ("generations/000001.json", b'{"number": 1}'),
        ("generations/000001.json", b"\x00" * 100),
        ("generations/000001.json", b"[]"),
        ("claims.json", b"{"),
        ("claims.json", b'{"plugins": 7}'),
    ],
)
def test_a_damaged_file_is_an_error_that_says_which_and_what_to_do(record: Record, file: str, content: bytes) -> None:
    record.add(generation(1, A))
    (record.folder / file).write_bytes(content)
    with pytest.raises(StudioError) as caught:
        record.baseline()
    error = caught.value
    assert error.code == "history-damaged"
    assert error.where is not None
    assert error.where.file is not None
    assert Path(error.where.file).is_relative_to(record.folder)
    assert error.hint is not None
    command = error.hint.split("`")[1]
    subprocess.run(command, shell=True, check=True)  # the hint works as it stands
    assert Record("s").baseline() == Baseline()


def test_a_generation_cut_short_anywhere_is_never_taken_for_a_whole_one(record: Record) -> None:
    record.add(generation(1, A, B, links=frozenset({LINK})))
    path = record.folder / "generations" / "000001.json"
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(StudioError, match="cannot be read"):
            record.current()


def test_a_generation_is_readable_by_anyone_with_a_json_reader(record: Record) -> None:
    record.add(generation(1, A))
    told = msgspec.json.decode((record.folder / "generations" / "000001.json").read_bytes())
    assert told["number"] == 1
    assert told["session"]["plugins"]["a"]["params"] == {"gain": 1.0, "mix": 0.5}
    assert msgspec.convert(told, Generation) == record.current()
