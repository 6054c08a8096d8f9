"""Many ports: a JACK client in a process of its own that grows and loses ports on command.

``python -m tests.support.crowd NAME`` reads commands, one a line, and answers each with ``ok``:
``add out NAME``, ``add in NAME``, ``add midi-out NAME``, ``add midi-in NAME``, ``pairs COUNT`` (out_1, in_1, out_2 …),
``drop NAME``, ``rename OLD NEW``, ``alias NAME ALIAS``.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Crowd:
    """The client, from the tests' side."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The process that owns the ports."""
        return self._process.pid

    def do(self, command: str) -> None:
        """Have a command done, and return when it is done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer == "ok\n", f"{command}: {answer!r}"


@contextmanager
def crowd(name: str = "crowd", pairs: int = 0, server: str | None = None) -> Iterator[Crowd]:
    """Run the client for a while, with ``pairs`` outputs and as many inputs to begin with."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.crowd", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"} | ({"JACK_DEFAULT_SERVER": server} if server else {}),
    )
    with process:
        try:
            client = Crowd(process)
            client.do(f"pairs {pairs}")
            yield client
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)
        finally:
            # A client whose server has died may hang in closing (measured).
            process.kill()


def obey(client: Any, words: list[str]) -> None:
    """Do one command."""
    kinds = {
        "out": client.outports,
        "in": client.inports,
        "midi-out": client.midi_outports,
        "midi-in": client.midi_inports,
    }
    ports = {port.shortname: port for each in kinds.values() for port in each}
    match words:
        case ["pairs", count]:
            for number in range(1, int(count) + 1):
                client.outports.register(f"out_{number}")
                client.inports.register(f"in_{number}")
        case ["add", kind, name]:
            kinds[kind].register(name)
        case ["drop", name]:
            ports[name].unregister()
        case ["rename", old, new]:
            ports[old].shortname = new
        case ["alias", name, alias]:
            ports[name].set_alias(alias)
        case _:
            raise ValueError(words)


def main() -> None:
    """Obey until the input ends."""
    import jack

    client = jack.Client(sys.argv[1], no_start_server=True, use_exact_name=True)
    try:
        client.activate()
        for line in sys.stdin:
            obey(client, line.rstrip("\n").split(" "))
            sys.stdout.write("ok\n")
            sys.stdout.flush()
    finally:
        client.deactivate()
        client.close()


if __name__ == "__main__":
    main()
