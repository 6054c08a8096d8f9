"""What jalv says and what it understands: its replies, its complaints, its farewells.

Read in jalv's source, 1.6.6 to 1.10.0, and measured on 1.6.6 and 1.6.8. A reply is lines of ``symbol = value`` with
six decimals (newer ones print integers and ``true`` too), then the prompt ``"> "`` without a newline. The prompt does
not tell where a reply ends, because plugins print too, whenever they like. So every command is followed by one that
sets a control which no plugin has: jalv complains of it by name, and all that came before is the reply.
"""

import enum
import re
import signal
from collections.abc import Mapping

from reconciler.model.values import float32

QUIT = b"quit\n"
LINE_BYTES = 1023
"""jalv reads lines into 1024 bytes; a longer one would be cut and its rest taken for another command."""

_PROMPTS = re.compile(r"^(?:> )+", re.MULTILINE)
_REPLY = re.compile(r"^(?:> )*([A-Za-z_][A-Za-z0-9_]*) = (\S+)\n", re.MULTILINE)
_CLIENT = re.compile(r"^JACK [Nn]ame: +(.*)$", re.MULTILINE)
_RATE = re.compile(r"^Sample rate: +(\d+) Hz$", re.MULTILINE)
# sscanf's set in jalv before 1.8. Anything else ends the URI there, and jalv loads what the beginning names.
_SAFE_URI = re.compile(r"[A-Za-z0-9_:/\-.#]+")
_BOOLEANS = {"true": 1.0, "false": 0.0}
_MARK = "studio_asks_"

# jalv colours its complaints on a terminal.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Said at every start, in every list of presets, or by libjack after any failure: no help to who looks for the cause.
_NOISE = re.compile(
    r"^(UI: |Comm buffers: |Update rate: |Scale factor: |Exiting\.\.\.|JackShm\w+|Cannot lock down|JACK [Nn]ame: "
    r"|Sample rate: |Block length: |MIDI buffers: |Plugin: |error: Failed to|[a-z][a-z0-9+.-]*:\S+ \(.*\)$)"
    rf"|^\s*$|{_MARK}"
)


class Failure(enum.Enum):
    """Why a start failed, as far as jalv's own words tell."""

    NAME_TAKEN = enum.auto()
    PLUGIN_NOT_FOUND = enum.auto()
    NO_SERVER = enum.auto()
    PLUGIN = enum.auto()
    """None of the others: the plugin itself."""


def values(reply: str) -> dict[str, str]:
    """Return what a reply says, by symbol, as it was written.

    Ports come first. jalv 1.6 lists plugin properties behind them with a number that is not theirs, so of two equal
    symbols the first counts.
    """
    found: dict[str, str] = {}
    for match in _REPLY.finditer(reply):
        found.setdefault(match[1], match[2])
    return found


def marking(number: int) -> bytes:
    """Return the command by whose answer the end of a reply is known."""
    return f"set {_MARK}{number} 0\n".encode()


def marked(printed: bytes | bytearray, number: int) -> bool:
    """Tell whether the answer to :func:`marking` is there: the name in quotes, which newer ones spell differently."""
    return any(f"{_MARK}{number}{quote}".encode() in printed for quote in "'\"")


def quits(printed: str) -> bool:
    """Tell by how it complained whether it understands :data:`QUIT`, as 1.8 and newer do.

    To those the end of their input is no end: they spin for ever, and after SIGTERM one in 40 crashes on its way out
    (measured on 1.10.0). Older ones leave at the end of their input, and one in 40 misses SIGTERM (1.6.6 and 1.6.8).
    """
    return re.search(rf'{_MARK}\d+"', printed) is not None


def plain(printed: bytes | bytearray) -> str:
    """Return what was printed as text without colours."""
    return _COLOUR.sub("", printed.decode("utf-8", "replace"))


def number(text: str, held: float) -> float:
    """Return the float32 that jalv means: ``held`` if that is printed so, else what is printed.

    Six decimals cannot tell 0.000012345 from 0.000012, but the value that was set can be told from another.
    """
    if agrees(text, held):
        return held
    known = _BOOLEANS.get(text)
    return float32(float(text)) if known is None else known


def agrees(text: str, value: float) -> bool:
    """Tell whether jalv would print the value so."""
    known = _BOOLEANS.get(text)
    # Integers are printed bare by jalv 1.10 where the plugin's default is written so.
    return text in {f"{value:f}", f"{value:.0f}" if value.is_integer() else None} or known == value


def setting(symbol: str, value: float) -> bytes:
    """Return the command that sets a control; nine digits carry every float32."""
    return f"set {symbol} {value:.9g}\n".encode()


def presetting(uri: str) -> bytes | None:
    """Return the command that loads a preset; None if jalv could not read its URI to the end."""
    line = f"preset {uri}\n".encode()
    return line if _SAFE_URI.fullmatch(uri) and len(line) <= LINE_BYTES else None


def granted_client(printed: str) -> str | None:
    """Return the JACK client name that jalv says it got."""
    match = _CLIENT.search(printed)
    return match[1] if match else None


def sample_rate_hz(printed: str) -> float | None:
    """Return the sample rate that jalv says the server has."""
    match = _RATE.search(printed)
    return float(match[1]) if match else None


def failure(printed: str) -> Failure:
    """Tell why a start failed.

    The exit code says nothing: after a name that is taken and after an unknown URI alike, jalv 1.6 says so and then
    dies of SIGSEGV while it cleans up (measured).
    """
    # The second is 1.8's, which takes states and presets for a plugin too.
    if re.search(r"Failed to find plugin|Failed to load state", printed):
        return Failure.PLUGIN_NOT_FOUND
    # "conflits" is how jackd2 spells it.
    if re.search(r"confl\w+ with another running client|cannot create new client; .* already exists", printed):
        return Failure.NAME_TAKEN
    if re.search(r"Cannot connect to server|server is not running|Failed to connect to audio system", printed):
        return Failure.NO_SERVER
    return Failure.PLUGIN


def remarks(printed: str) -> list[str]:
    """Return what was printed besides replies and may help a person."""
    lines = _PROMPTS.sub("", _REPLY.sub("", printed)).splitlines()
    return [line.rstrip() for line in lines if not _NOISE.search(line)]


def ending(code: int | None) -> str:
    """Say in words how a process ended."""
    if code is None:
        return "it stopped answering"
    if code < 0:
        return f"it was killed by {_signals.get(-code, f'signal {-code}')}"
    return "it ended by itself" if code == 0 else f"it ended with exit code {code}"


_signals: Mapping[int, str] = {
    **{one.value: one.name for one in signal.Signals},
    signal.SIGSEGV.value: "a memory fault (SIGSEGV)",
    signal.SIGABRT.value: "its own alarm (SIGABRT)",
    signal.SIGKILL.value: "force (SIGKILL)",
}
