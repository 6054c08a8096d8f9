"""Reading and writing jalv's language."""

import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engines.jalv import speech
from reconciler.engines.jalv.reader import Reader, Stream
from reconciler.model.values import float32
from tests.support.waiting import eventually

# As jalv 1.6.6 and jackd2 1.9.21 print them.
TAKEN = """UI:           None
Client name = fil conflits with another running client
Cannot connect to the server
JackShmReadWritePtr1::~JackShmReadWritePtr1 - Init not done for -1, skipping unlock
Failed to connect to audio system
Exiting...
"""
UNKNOWN = "Failed to find plugin\nExiting...\n"
UNKNOWN_SINCE_1_8 = '\x1b[0;31merror: Failed to load state "urn:nothing"\n\x1b[0m'
NO_SERVER = """UI:           None
Cannot connect to server socket err = No such file or directory
Cannot connect to server request channel
jack server is not running or cannot be started
Failed to connect to audio system
Exiting...
"""


@pytest.mark.parametrize(
    ("printed", "failure"),
    [
        (TAKEN, speech.Failure.NAME_TAKEN),
        (UNKNOWN, speech.Failure.PLUGIN_NOT_FOUND),
        (UNKNOWN_SINCE_1_8, speech.Failure.PLUGIN_NOT_FOUND),
        (NO_SERVER, speech.Failure.NO_SERVER),
        ("UI:           None\nerror: /tmp/x already exists\n", speech.Failure.PLUGIN),
        ("", speech.Failure.PLUGIN),
    ],
)
def test_why_a_start_failed_is_read_from_its_words(printed: str, failure: speech.Failure) -> None:
    assert speech.failure(printed) is failure


def test_last_words_leave_out_what_is_said_every_time() -> None:
    assert speech.remarks(f"{TAKEN}\ncannot load model.bin") == [
        "Client name = fil conflits with another running client",
        "Cannot connect to the server",
        "Failed to connect to audio system",
        "cannot load model.bin",
    ]


def test_a_reply_is_read_whatever_stands_around_it() -> None:
    reply = "plugin says hello\n> gain = 1.000000\nfreq=3\nlevel in = 5.000000\nq = -0.500000\n> "
    assert speech.values(reply) == {"gain": "1.000000", "q": "-0.500000"}


@pytest.mark.parametrize(
    ("complaint", "quits"), [("no control named `{}'", False), ('no control with symbol "{}"', True)]
)
def test_the_end_of_a_reply_is_known_by_its_number_and_the_version_by_its_words(complaint: str, quits: bool) -> None:
    symbol = speech.marking(12).split()[1].decode()
    answer = f"gain = 1.000000\n> error: {complaint.format(symbol)}\n".encode()
    assert speech.marked(answer, 12)
    assert not speech.marked(answer, 1)
    assert not speech.marked(answer[:-3], 12)
    assert speech.quits(speech.plain(answer)) is quits
    assert speech.remarks(speech.plain(answer)) == []


def test_colours_are_taken_off() -> None:
    assert speech.plain(b"\x1b[0;33mwarning: old state\n\x1b[0mJACK Name:    vox\n") == (
        "warning: old state\nJACK Name:    vox\n"
    )


def test_of_two_equal_symbols_the_first_is_the_port() -> None:
    assert speech.values("gain = 1.000000\ngain = 7.000000\n> ") == {"gain": "1.000000"}


def test_newer_jalv_prints_integers_and_truth() -> None:
    assert speech.number("true", 0.0) == 1.0
    assert speech.number("false", 1.0) == 0.0
    assert speech.number("3", 0.0) == 3.0
    assert speech.agrees("3", 3.0)
    assert not speech.agrees("3", 3.2)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_float32_survives_being_set_and_read(value: float) -> None:
    word = speech.setting("x", value).decode().split()[2]
    scanned = struct.unpack("<f", struct.pack("<f", float(word)))[0]
    assert scanned == value
    assert speech.number(f"{scanned:f}", value) == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.floats(-1e6, 1e6, width=32))
def test_what_is_printed_differently_is_believed_instead_of_what_was_held(printed: float, held: float) -> None:
    read = speech.number(f"{printed:f}", held)
    assert read == held if f"{held:f}" == f"{printed:f}" else read == float32(float(f"{printed:f}"))


def test_commands_fit_into_jalvs_line() -> None:
    assert speech.presetting("http://example.org/p#x-1_y.z") == b"preset http://example.org/p#x-1_y.z\n"
    assert speech.presetting("urn:" + "x" * 1012) is None
    longest = speech.presetting("urn:" + "x" * 1011)
    assert longest is not None
    assert len(longest) == speech.LINE_BYTES


@pytest.mark.parametrize(
    ("code", "words"),
    [(None, "stopped answering"), (0, "by itself"), (1, "exit code 1"), (-11, "memory fault"), (-15, "SIGTERM")],
)
def test_an_end_is_told_in_words(code: int | None, words: str) -> None:
    assert words in speech.ending(code)


def test_a_flood_of_prints_stops_nobody_and_fills_no_memory() -> None:
    reader, flood = Reader(), Stream()
    out, into = os.pipe()
    reader.add(out, flood)
    for _ in range(64):
        os.write(into, b"x" * 65536)  # blocks for ever if nobody reads
    os.write(into, b"end")
    os.close(into)
    eventually(lambda: flood.ended)
    with reader.changed:
        assert 0 < len(flood.data) <= 1 << 20
        assert flood.data.endswith(b"xend")
    reader.close_descriptor(out)
    reader.close()
