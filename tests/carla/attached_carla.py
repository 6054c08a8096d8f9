"""A Carla that somebody else runs: its engine with OSC on and idled as its window idles it, but without a window.

Run as ``python -m tests.carla.attached_carla``; it says its address in one line. Each line on its standard input is a
call of Carla's interface as JSON, ``["set_volume", 0, 0.5]``, which is what a hand at the window comes to; it answers
each with a line. It ends with its input.
"""

import json
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import Any

PUMP_SECONDS = 0.02
"""How often the window idles its engine."""

_NEWS = "news"
_OF_PATCHBAY = range(20, 29)
"""``ENGINE_CALLBACK_PATCHBAY_…`` of CarlaBackend.h."""

_MODES = {"multiple-clients": 1, "rack": 2, "patchbay": 3}


class AttachedCarla:
    """The other process, from outside. ``url`` is where it listens."""

    def __init__(self, mode: str = "multiple-clients", name: str = "Carla") -> None:
        command = [sys.executable, "-m", "tests.carla.attached_carla", mode, name]
        self.process = Popen(command, stdin=PIPE, stdout=PIPE, text=True, encoding="utf-8")
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, "Carla did not start"

    def call(self, function: str, *arguments: object) -> Any:
        """Do what a person does at the window, and return what Carla says."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([function, *arguments]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def news(self) -> list[list[Any]]:
        """Return what its window was told of its patchbay since it was asked last: action, and what comes with it."""
        return list(self.call(_NEWS))

    def add(self, name: str, uri: str) -> None:
        """Add an LV2 plugin by hand."""
        assert self.call("add_plugin", 2, 4, None, name, uri, 0, None, 0x10000) is True

    def names(self) -> list[str]:
        """Return its plugins' names."""
        count = self.call("get_current_plugin_count")
        return [self.call("get_plugin_info", place)["name"] for place in range(count)]

    def quit(self) -> None:
        """Close it as a person does."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)

    def kill(self) -> None:
        """Let it crash."""
        self.process.kill()
        self.process.wait(10)


@contextmanager
def attached_carla(mode: str = "multiple-clients", name: str = "Carla") -> Iterator[AttachedCarla]:
    """Run one for a while, on the JACK server that ``JACK_DEFAULT_SERVER`` names."""
    carla = AttachedCarla(mode, name)
    try:
        yield carla
    finally:
        if carla.process.poll() is None:
            carla.quit()
        for pipe in (carla.process.stdin, carla.process.stdout):
            if pipe is not None:
                pipe.close()


def main(mode: str, name: str) -> None:
    """Be that Carla."""
    from reconciler.engines.carla import library

    loaded = library.load()
    news: list[list[Any]] = []

    def told(
        _: int, action: int, subject: int, first: int, second: int, _third: int, _number: float, text: bytes | None
    ) -> None:
        if action in _OF_PATCHBAY:
            news.append([action, subject, first, second, (text or b"").decode()])

    host, backend, place = loaded.host, loaded.backend, loaded.installation
    for option, number, text in (
        (backend.ENGINE_OPTION_PROCESS_MODE, _MODES[mode], ""),
        (backend.ENGINE_OPTION_TRANSPORT_MODE, backend.ENGINE_TRANSPORT_MODE_JACK, ""),
        (backend.ENGINE_OPTION_AUDIO_DEVICE, 0, "Auto-Connect OFF"),
        (backend.ENGINE_OPTION_OSC_ENABLED, 1, ""),
        (backend.ENGINE_OPTION_OSC_PORT_TCP, 0, ""),
        (backend.ENGINE_OPTION_OSC_PORT_UDP, -1, ""),
        (backend.ENGINE_OPTION_PATH_BINARIES, 0, str(place.binaries)),
        (backend.ENGINE_OPTION_PATH_RESOURCES, 0, str(place.resources)),
    ):
        host.set_engine_option(option, number, text)
    if path := os.environ.get("LV2_PATH"):
        host.set_engine_option(backend.ENGINE_OPTION_PLUGIN_PATH, backend.PLUGIN_LV2, path)
    host.set_engine_callback(told)
    if not host.engine_init("JACK", name):
        sys.exit(host.get_last_error())
    address = str(host.get_host_osc_url_tcp())
    say("osc.tcp://127.0.0.1:" + address.rpartition(":")[2])
    serve(host, news)
    host.engine_close()


def serve(host: Any, news: list[list[Any]]) -> None:
    """Idle, and do what is asked, until there is nobody to ask."""
    rest = b""
    while True:
        host.engine_idle()
        if not select.select([0], [], [], PUMP_SECONDS)[0]:
            continue
        read = os.read(0, 65536)
        if not read:
            return
        *lines, rest = (rest + read).split(b"\n")
        for line in lines:
            function, *arguments = json.loads(line)
            if function == _NEWS:
                say(json.dumps(news))
                news.clear()
                continue
            say(json.dumps(getattr(host, function)(*arguments), default=str))


def say(line: str) -> None:
    """Answer; the library has turned C's own chatter away from here."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
