"""Drives the scanner process: survives a bundle that kills it or hangs it, names that bundle and goes on."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from reconciler.engines.lv2.lines import Begin, End, FlawLine, Hello, Line, Missing, PluginLine, PresetsLine
from reconciler.model.errors import EngineError, Unavailable

TIME_LIMIT_S = 10.0
"""How long the scanner may say nothing, in seconds; the largest plugin here takes 0.1 s."""

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[3])

_LINE: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


class BundleScan(msgspec.Struct, frozen=True):
    """What one bundle holds."""

    path: Path
    plugins: tuple[PluginLine, ...] = ()
    presets: tuple[PresetsLine, ...] = ()
    flaws: tuple[FlawLine, ...] = ()


class _Died(Exception):
    """The scanner ended or was killed by us; the text says how."""


class Scanner:
    """Reads bundles in a process of its own, which is started again as often as bundles kill it.

    Parameters
    ----------
    library
        Name of the lilv library, as the dynamic linker knows it.
    time_limit_s
        After that long without a word from the process, the bundle at hand counts as hanging; in seconds.
    """

    def __init__(self, library: str, *, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._library = library
        self._limit_s = time_limit_s
        self._child: _Child | None = None
        self._hello: Hello | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def hello(self) -> Hello:
        """Start the scanner if it is not running, and return what it says of lilv.

        Raises
        ------
        Unavailable
            ``lilv-missing``: liblilv is not installed.
        EngineError
            ``scan-failed``: the scanner does not start.
        """
        if self._hello is None or self._child is None:
            child = _Child(self._library, self._limit_s)
            self._child = child
            try:
                first = child.line()
            except _Died as died:
                raise self._failed(died) from died
            match first:
                case Hello():
                    self._hello = first
                case Missing(reason=reason):
                    raise Unavailable(
                        "lilv-missing",
                        "The LV2 library (liblilv) is not installed, so no plugin can be looked up.",
                        hint="Install it: apt install liblilv-0-0 (Debian, Ubuntu); dnf install lilv-libs (Fedora);"
                        " pacman -S lilv (Arch); zypper install liblilv-0-0 (openSUSE).",
                        details={"reason": reason},
                    )
                case _:
                    raise EngineError("scan-failed", f"The plugin scanner began with {first!r}.")
        return self._hello

    def scan(self, bundles: list[Path]) -> Iterator[BundleScan]:
        """Read these bundles, each in turn. Raises as :meth:`hello` does."""
        while bundles:
            self.hello()
            child = self._child
            assert child is not None
            done = 0
            for result in self._run(child, bundles):
                done += 1
                yield result
            child.end()
            self._child = None
            bundles = bundles[done:]

    def _run(self, child: "_Child", bundles: list[Path]) -> Iterator[BundleScan]:
        """Read bundles until all are done or one has killed the process; that one comes last."""
        current: Path | None = None
        lines: list[Line] = []
        try:
            child.ask(bundles)
            for bundle in bundles:
                current = None
                lines = []
                while not isinstance(line := child.line(), End):
                    lines.append(line)
                    current = Path(line.bundle) if isinstance(line, Begin) else current
                assert Path(line.bundle) == bundle
                yield _sorted_out(bundle, lines)
        except _Died as died:
            if current is None:
                raise self._failed(died) from died
            # What it had said of this bundle may be half of a plugin's presets: left out whole.
            yield BundleScan(path=current, flaws=(FlawLine(subject=None, reason=str(died)),))

    @staticmethod
    def _failed(died: _Died) -> EngineError:
        return EngineError(
            "scan-failed",
            f"The plugin scanner does not run: it {died}.",
            hint=f"Try it by hand: {sys.executable} -m reconciler.engines.lv2.scan liblilv-0.so.0 </dev/null",
        )


class _Child:
    """One run of the scanner process."""

    def __init__(self, library: str, limit_s: float) -> None:
        self._limit_s = limit_s
        self._buffer = bytearray()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        environ = {
            name: value for name, value in os.environ.items() if name != "LANGUAGE" and not name.startswith("LC_")
        }
        # lilv gives the labels of the user's language; a manifest must mean the same to everyone, so: the plain ones.
        environ["LANG"] = "C"
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_PACKAGE_ROOT, environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            # -P: a file in the user's folder must not stand in for a module.
            [sys.executable, "-P", "-m", "reconciler.engines.lv2.scan", library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environ,
            bufsize=0,
        )

    def ask(self, bundles: list[Path]) -> None:
        """Tell it what to read. It takes all of its input before it answers, so neither side waits for the other."""
        pipe = self._process.stdin
        assert pipe is not None
        text = memoryview(b"".join(os.fsencode(bundle) + b"\0" for bundle in bundles))
        try:
            while text:
                text = text[pipe.write(text) :]
            pipe.close()
        except BrokenPipeError as error:
            raise _Died(self._how_it_ended()) from error

    def line(self) -> Line:
        """Return the next line; raises _Died when there is none within the time limit."""
        pipe = self._process.stdout
        assert pipe is not None
        deadline = time.monotonic() + self._limit_s
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                self._process.kill()
                raise _Died(f"said nothing for {self._limit_s:g} s while it was read{self._last_words()}")
            chunk = os.read(pipe.fileno(), 1 << 18)
            if not chunk:
                raise _Died(self._how_it_ended())
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return _LINE.decode(line)

    def end(self) -> None:
        """Stop it, if it has not ended; leave nothing open."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._errors.close()

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        how = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"{how} while it was read{self._last_words()}"

    def _last_words(self) -> str:
        size = os.fstat(self._errors.fileno()).st_size
        lines = os.pread(self._errors.fileno(), 4096, max(0, size - 4096)).decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), None)
        return f" ({last})" if last else ""


def _sorted_out(bundle: Path, lines: list[Line]) -> BundleScan:
    return BundleScan(
        path=bundle,
        plugins=tuple(line for line in lines if isinstance(line, PluginLine)),
        presets=tuple(line for line in lines if isinstance(line, PresetsLine)),
        flaws=tuple(line for line in lines if isinstance(line, FlawLine)),
    )
