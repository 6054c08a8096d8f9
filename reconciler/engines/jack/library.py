"""libjack in this process: how to load it, what it last said, and the one call that JACK-Client lacks.

JACK-Client (its ``jack`` module) loads libjack when it is imported, so everything here imports it late: ``studio
validate`` must work on a machine without JACK, and ``studio --version`` must not wait for it.
"""

import atexit
import collections
import ctypes
import os
from collections.abc import Callable
from typing import Any

from reconciler.model.errors import Unavailable

ALREADY_CONNECTED = 17
"""What connecting answers when the link is there (EEXIST; jackd2 1.9.21 and PipeWire 0.3.65 alike)."""

_ShutdownCallback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_said: collections.deque[str] = collections.deque(maxlen=50)
_loaded: list[Any] = []


def load() -> Any:
    """Return JACK-Client's module, with libjack's messages caught instead of printed.

    Raises
    ------
    Unavailable
        ``jack-library-missing``.
    """
    if _loaded:
        return _loaded[0]
    try:
        import jack
    except OSError as error:
        raise Unavailable(
            "jack-library-missing",
            f"The JACK library is not installed ({error}).",
            hint="Install JACK (Debian and Ubuntu: jackd2 or pipewire-jack); `studio doctor` shows the command.",
        ) from error
    # libjack prints "Cannot connect to server socket" and the like to stderr of whoever loaded it. We say it better.
    jack.set_error_function(_said.append)
    jack.set_info_function(_said.append)
    # Its destructors speak after Python is gone; a Python callback would then be called into nothing.
    atexit.register(jack.set_info_function, None)
    atexit.register(jack.set_error_function, None)
    _loaded.append(jack)
    return jack


def last_words(count: int = 3) -> list[str]:
    """Return the last ``count`` messages of libjack in this process, oldest first."""
    return list(_said)[-count:]


def is_pipewire() -> bool:
    """Tell whether this process's libjack is PipeWire's. It differs where the facts say so.

    Raises
    ------
    Unavailable
        ``jack-library-missing``.
    """
    # jackd2 answers "1.9.21", PipeWire "3.0.0.0 (using PipeWire 0.3.65)".
    return "PipeWire" in str(load().version_string())


def server_name(name: str | None = None) -> str:
    """Return the server's name as libjack would choose it: given, else ``JACK_DEFAULT_SERVER``, else ``default``."""
    return name or os.environ.get("JACK_DEFAULT_SERVER") or "default"


def on_shutdown(client: Any, tell: Callable[[], None]) -> object:
    """Have ``tell`` called, on a thread of libjack, when the server of this ``jack.Client`` dies.

    JACK-Client offers ``jack_on_info_shutdown`` only, which PipeWire 0.3.65 never calls; ``jack_on_shutdown`` is
    called by PipeWire (after 1.1 ms) and by jackd2 (8-12 ms) alike (measured).

    Parameters
    ----------
    client
        An open ``jack.Client`` that is not yet active.
    tell
        Must only set flags: no JACK call is allowed in there.

    Returns
    -------
    object
        To be kept for as long as the client is open.
    """
    jack = load()
    callback = _ShutdownCallback(lambda _: tell())
    function = ctypes.CDLL(jack._libname).jack_on_shutdown
    function.argtypes = (ctypes.c_void_p, _ShutdownCallback, ctypes.c_void_p)
    function.restype = None
    function(int(jack._ffi.cast("uintptr_t", client._ptr)), callback, None)
    return callback
