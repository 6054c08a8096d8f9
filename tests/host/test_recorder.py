"""What a host that died leaves behind, by really letting processes die in every way."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from reconciler.host.place import Place
from reconciler.host.recorder import Death, FlightRecorder, autopsy
from reconciler.model.actions import (
    Action,
    AddPlugin,
    Call,
    Connect,
    LoadState,
    RemovePlugin,
    RenamePlugin,
    SetCustomData,
    SetParam,
)
from reconciler.model.resources import CustomData

GAIN = "lv2:urn:gain"

HOST = """
import ctypes, os, resource, sys, threading, time
import msgspec
from reconciler.host.place import Place
from reconciler.host.recorder import FlightRecorder, Witness
from reconciler.model.actions import Action
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
place = Place("died")
place.make()
witness = Witness(place)
recorder = FlightRecorder(place.flight)
for text in sys.stdin.read().splitlines():
    recorder.before(msgspec.json.decode(text, type=Action))
end = sys.argv[1]
if end.startswith("over"):
    recorder.clear()
match end.removeprefix("over "):
    case "segfault":
        ctypes.string_at(0)
    case "abort":
        ctypes.CDLL(None).abort()
    case "segfault in another thread":
        libc = ctypes.CDLL(None)
        started = ctypes.c_ulong()
        libc.pthread_create(ctypes.byref(started), None, ctypes.c_void_p(16), None)
        time.sleep(60)
    case "segfault in a thread of Python's":
        threading.Thread(target=ctypes.string_at, args=[0]).start()
        time.sleep(60)
    case "exit":
        ctypes.CDLL(None).exit(0)
    case "kill":
        os.kill(os.getpid(), 9)
    case "good end":
        recorder.close()
"""


def let_die(how: str, *calls: Call) -> Death:
    """Let a process die while it makes the last of these calls; return what is known afterwards."""
    actions = [msgspec.json.encode(Action(number, call, "test")).decode() for number, call in enumerate(calls)]
    command = [sys.executable, "-c", HOST, how]
    subprocess.run(command, input="\n".join(actions), text=True, check=False, capture_output=True, timeout=30)
    return autopsy(Place("died"))


@pytest.mark.parametrize(
    ("how", "crash"),
    [
        ("segfault", "Segmentation fault"),
        ("abort", "Aborted"),
        ("exit", "it ended by itself"),
    ],
)
def test_who_was_called_when_it_crashed_did_it(how: str, crash: str) -> None:
    death = let_die(how, AddPlugin("first", GAIN), AddPlugin("bomb", GAIN))
    assert (death.suspect, death.crash) == ("bomb", crash)
    assert death.doing == f" while loading bomb ({GAIN})"


@pytest.mark.parametrize("thread", ["another thread", "a thread of Python's"])
def test_who_was_called_when_another_thread_crashed_is_named_and_not_blamed(thread: str) -> None:
    death = let_die(f"segfault in {thread}", AddPlugin("first", GAIN), AddPlugin("bomb", GAIN))
    assert (death.suspect, death.called, death.crash) == (None, "bomb", "Segmentation fault")
    assert death.doing == f" while loading bomb ({GAIN})"
    assert death.how == ": Segmentation fault, not in that call but in another thread, such as sound runs in"
    assert death.at > let_die("kill").at == 0


def test_who_was_called_when_it_was_killed_is_named_and_not_blamed() -> None:
    death = let_die("kill", AddPlugin("bomb", GAIN))
    assert (death.suspect, death.crash) == (None, None)
    assert death.doing == f" while loading bomb ({GAIN})"


@pytest.mark.parametrize("how", ["segfault", "exit", "kill"])
def test_nobody_is_blamed_when_nobody_was_called(how: str) -> None:
    death = let_die(f"over {how}", AddPlugin("bomb", GAIN))
    assert death.suspect is None
    assert death.doing == ("" if how == "kill" else f", some time after loading bomb ({GAIN})")


def test_a_good_end_leaves_nothing_to_tell() -> None:
    death = let_die("good end", AddPlugin("a", GAIN))
    assert (death.action, death.last, death.suspect, death.doing) == (None, None, None, "")


def test_nothing_is_known_of_a_host_that_never_was() -> None:
    assert autopsy(Place("never")) == Death()


@pytest.mark.parametrize(
    ("call", "suspect"),
    [
        (SetParam("a", "gain", 1.0), "a"),
        (LoadState("a", "/state", "0"), "a"),
        (RenamePlugin("a", "b"), "b"),
        (RemovePlugin("a"), None),
        (SetCustomData("a", "data", CustomData("type", "x" * 1_000_000)), "a"),
    ],
)
def test_every_call_into_a_plugin_is_noted(call: Call, suspect: str | None) -> None:
    assert let_die("segfault", AddPlugin("first", GAIN), call).suspect == suspect


def test_a_link_takes_no_host_down() -> None:
    death = let_die("segfault", Connect("a:out", "b:in"))
    assert (death.action, death.suspect) == (None, None)


def test_the_record_is_for_this_user_alone(tmp_path: Path) -> None:
    FlightRecorder(tmp_path / "flight").close()
    assert (tmp_path / "flight").stat().st_mode & 0o777 == 0o600


def test_a_new_host_knows_nothing_of_the_last_ones_end() -> None:
    assert let_die("segfault", AddPlugin("bomb", GAIN)).suspect == "bomb"
    assert let_die("kill").suspect is None
