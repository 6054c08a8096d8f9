"""The address of a Carla that somebody runs, as its settings show it: ``osc.tcp://127.0.0.1:22752/Carla``."""

import ipaddress
import urllib.parse

import msgspec

from reconciler.model.errors import StudioError

EXAMPLE = "osc.tcp://127.0.0.1:22752/Carla"

PATTERN = r"^osc\.tcp://(localhost|127\.[0-9.]+):[0-9]+(/.*)?$"
"""What such an address looks like, for the schema; :func:`parse` says what is wrong with another."""


class OscAddress(msgspec.Struct, frozen=True):
    """Where Carla listens for OSC over TCP, on this machine."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"osc.tcp://{self.host}:{self.port}"


def parse(url: str) -> OscAddress:
    """Return where that is.

    Only addresses of this machine are taken: OSC asks nobody who they are, so whoever reaches a Carla over a network
    may play with it, and whoever listens on the way reads along.

    Raises
    ------
    StudioError
        ``bad-attach``.
    """
    parts = urllib.parse.urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme != "osc.tcp":
        raise _bad(url, "it does not begin with osc.tcp:// (over UDP nothing can be read back)")
    if not parts.hostname or port is None:
        raise _bad(url, "it needs a host and a port")
    if parts.query or parts.fragment or parts.username is not None:
        raise _bad(url, "it holds more than host, port and name")
    if not _is_here(parts.hostname):
        raise _bad(url, f"{parts.hostname} is not this machine, and OSC has no password")
    return OscAddress("127.0.0.1", port)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False


def _bad(url: str, why: str) -> StudioError:
    hint = f"write it as {EXAMPLE}; Carla shows its own under Settings > Configure Carla > OSC"
    return StudioError("bad-attach", f"{url!r} is no address of a Carla to attach to: {why}.", hint=hint)
