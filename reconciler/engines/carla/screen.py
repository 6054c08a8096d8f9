"""Watch a screen for a window of some title: ``python -m reconciler.engines.carla.screen TITLE open|gone SECONDS``.

In a process of its own: what Xlib calls an error it ends a process for. It says "ready" once it sees the screen and
what is asked about is not so yet, waits, and ends with 0 when it is so, 1 when it is not within the time, 3 when there
is no screen to see.
"""

import ctypes
import sys
import time
from collections.abc import Iterator
from typing import Any

READY = b"ready\n"
YES, NO, BLIND = 0, 1, 3
_LOOK_SECONDS = 0.05
_DEPTH = 3
"""A window manager puts a frame or two of its own around a window."""


class Screen:
    """The windows of an X display.

    Raises
    ------
    OSError
        There is no Xlib, or the display does not answer.
    """

    def __init__(self) -> None:
        self._x: Any = ctypes.CDLL("libX11.so.6")
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        self._overlook = handler(lambda _display, _error: 0)  # a window that has gone while we looked at it
        self._x.XSetErrorHandler(self._overlook)
        opened = self._x.XOpenDisplay(None)
        if not opened:
            raise OSError("the display does not answer")
        self._display = ctypes.c_void_p(opened)

    def titles(self) -> list[str]:
        """Return the title of every window that has one and is shown."""
        return list(self._below(self._x.XDefaultRootWindow(self._display), _DEPTH))

    def _below(self, window: int, depth: int) -> Iterator[str]:
        root, parent, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
        children = ctypes.POINTER(ctypes.c_ulong)()
        outs = (ctypes.byref(root), ctypes.byref(parent), ctypes.byref(children), ctypes.byref(count))
        if not self._x.XQueryTree(self._display, ctypes.c_ulong(window), *outs):
            return
        found = [int(children[place]) for place in range(count.value)]
        if found:
            self._x.XFree(children)
        for child in found:
            name = ctypes.c_char_p()
            if self._x.XFetchName(self._display, ctypes.c_ulong(child), ctypes.byref(name)) and name.value:
                yield name.value.decode("utf-8", errors="replace")
            if depth > 1:
                yield from self._below(child, depth - 1)


def main(argv: list[str]) -> int:
    """Watch."""
    title, wanted, seconds = argv[0], argv[1] == "open", float(argv[2])
    try:
        screen = Screen()
    except OSError:
        return BLIND
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    end = time.monotonic() + seconds
    while any(title in one for one in screen.titles()) is not wanted:
        if time.monotonic() > end:
            return NO
        time.sleep(_LOOK_SECONDS)
    return YES


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
