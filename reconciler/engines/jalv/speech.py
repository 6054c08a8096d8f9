"""What jalv says and what it understands: its prompt, its replies, its farewells.

Read in jalv's source, 1.6.6 to 1.10.0, and measured on 1.6.6. A reply is lines of ``symbol = value`` with six decimals
(newer ones print integers and ``true`` too), then the prompt ``"> "`` without a newline. Complaints go to stderr.
"""

import enum
import re
import signal
from collections.abc import Iterable, Mapping

from reconciler.model.values import float32

PROMPT = b"> "
LINE_BYTES = 1023
"""jalv reads lines into 1024 bytes; a longer one would be cut and its rest taken for another command."""

_REPLY = re.compile(r"^(?:> )*([A-Za-z_][A-Za-z0-9_]*) = (\S+)$", re.MULTILINE)
_CLIENT = re.compile(r"^JACK [Nn]ame: +(.*)$", re.MULTILINE)
_RATE = re.compile(r"^Sample rate: +(\d+) Hz$", re.MULTILINE)
# sscanf's set in jalv before 1.8. Anything else ends the URI there, and jalv loads what the beginning names.
_SAFE_URI = re.compile(r"[A-Za-z0-9_:/\-.#]+")
_BOOLEANS = {"true": 1.0, "false": 0.0}

# Said at every start, or by libjack after any failure: no help to a person who looks for the cause.
_NOISE = re.compile(
    r"^(UI: |Comm buffers: |Update rate: |Exiting\.\.\.|JackShm\w+|Cannot lock down|JACK [Nn]ame: |Sample rate: "
    r"|Block length: |MIDI buffers: |Plugin: |> |error: Failed to)|^\s*$"
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
    if re.search(r"Failed to find plugin|failed to find plugin", printed):
        return Failure.PLUGIN_NOT_FOUND
    # "conflits" is how jackd2 spells it.
    if re.search(r"confl\w+ with another running client|cannot create new client; .* already exists", printed):
        return Failure.NAME_TAKEN
    if re.search(r"Cannot connect to server|server is not running|Failed to connect to audio system", printed):
        return Failure.NO_SERVER
    return Failure.PLUGIN


def last_words(lines: Iterable[str]) -> list[str]:
    """Return what of stderr may help a person."""
    return [line for line in lines if not _NOISE.search(line)]


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
