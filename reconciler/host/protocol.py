"""What travels over the host's socket: JSON-RPC 2.0, one message a line.

Requests: ``snapshot`` -> Observed; ``execute`` {actions} -> [Outcome], with an ``outcome`` notification as each
action ends; ``describe`` {uri} -> PluginType or null; ``ui`` {name, shown, display} -> true once the window has come
or gone; ``subscribe`` -> true, then ``event`` notifications; ``status`` -> HostStatus; ``shutdown`` -> true once every
plugin is unloaded.
"""

from typing import Any

import msgspec

from reconciler.model import errors
from reconciler.model.errors import StudioError
from reconciler.model.resources import EngineSettings

LIMIT_BYTES = 16 * 1024 * 1024
"""Longest line either side accepts."""

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
STUDIO_ERROR = -32000


class Request(msgspec.Struct, omit_defaults=True):
    """A call, or a notification when ``id`` is None."""

    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    id: int | None = None
    jsonrpc: str = "2.0"


class Failure(msgspec.Struct):
    """The error of a response; ``data`` is a StudioError's dict with its class."""

    code: int
    message: str
    data: dict[str, Any] | None = None


class Response(msgspec.Struct, omit_defaults=True):
    """The answer to a call; exactly one of ``result`` and ``error`` is meant."""

    id: int | None
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: Failure | None = None
    jsonrpc: str = "2.0"


class Message(msgspec.Struct):
    """What a client may receive: a response, or a notification when ``method`` is set."""

    id: int | None = None
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: Failure | None = None


class HostConfig(msgspec.Struct, frozen=True):
    """What a host process is started with."""

    session: str
    engine: str
    prefix: str = ""
    server: str | None = None
    settings: EngineSettings = EngineSettings()
    attach: str | None = None
    """Address of the Carla to drive, None to be one."""


class HostStatus(msgspec.Struct, frozen=True):
    """A running host, as it tells of itself. ``since`` is seconds since the epoch."""

    config: HostConfig
    pid: int
    since: float
    version: str
    plugins: int
    jack: bool
    crashes: tuple[str, ...] = ()
    trouble: str | None = None
    """Why the plugins could not be counted."""


def encode(message: Request | Response) -> bytes:
    """Return the message as one line."""
    return msgspec.json.encode(message) + b"\n"


def raw(value: object) -> msgspec.Raw:
    """Return a value as JSON that is passed on unread."""
    return msgspec.Raw(msgspec.json.encode(value))


def failure(error: StudioError) -> Failure:
    """Return a StudioError as the error of a response."""
    return Failure(STUDIO_ERROR, error.message, {"class": type(error).__name__, **error.as_dict()})


def revive(error: Failure) -> StudioError:
    """Return the StudioError that the other side raised."""
    if error.data is None:
        return StudioError("host-protocol", f"the host did not understand: {error.message}")
    kind = getattr(errors, str(error.data.get("class")), StudioError)
    plain = kind is errors.Problems or not (isinstance(kind, type) and issubclass(kind, StudioError))
    return errors.from_dict(error.data, StudioError if plain else kind)
