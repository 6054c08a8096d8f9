"""What every test stands on: folders of its own, a JACK server of its own, and no process left behind.

No test meets the machine's JACK server: ``JACK_DEFAULT_SERVER`` names one of this run, and libjack starts none.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reconciler.engines.carla import library
from tests.support import isolation
from tests.support.jackd import NOBODY, Jackd, jackd

WITHOUT_CARLA = pytest.StashKey[int]()
_run = {"mark": "", "shm": ""}


def pytest_configure() -> None:
    _run["shm"] = isolation.own_shm()
    _run["mark"] = isolation.mark_this_run()
    # A run that is told to end, by `timeout` for one, takes its servers and hosts along, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["JACK_NO_START_SERVER"] = "1"
    os.environ["JACK_DEFAULT_SERVER"] = NOBODY


def pytest_report_header() -> list[str]:
    tools = ", ".join(f"{tool} {shutil.which(tool) or 'missing'}" for tool in ("jackd", "jalv", "aj-snapshot"))
    carla = library.find()
    return [f"/dev/shm: {_run['shm']}", f"sound: {tools}, Carla {carla.library if carla else 'missing'}"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs Carla where there is none: one line tells it, not one for each test."""
    if library.find() is not None:
        return
    left_out = [item for item in items if item.get_closest_marker("carla")]
    if left_out:
        items[:] = [item for item in items if not item.get_closest_marker("carla")]
        config.hook.pytest_deselected(items=left_out)
        config.stash[WITHOUT_CARLA] = len(left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    count = config.stash.get(WITHOUT_CARLA, 0)
    if count:
        terminalreporter.line(f"Carla is not installed (or set CARLA_PREFIX to where it is): {count} tests left out")


@pytest.fixture(scope="session", autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fail the run if a process that it started outlives it: a jackd, a jalv, a host."""
    yield
    mark = _run["mark"]
    _, left = psutil.wait_procs(isolation.descendants(mark), timeout=3)
    names = [isolation.described(process) for process in left]
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=3)
    assert not names, "still running at the end of the tests:\n" + "\n".join(names)


@pytest.fixture(scope="session")
def shared_cache() -> Iterator[Path]:
    """One cache folder for all tests, so that the plugin catalogue is read once."""
    with tempfile.TemporaryDirectory(prefix="studio-cache-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def isolated_xdg(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the test state, settings and runtime folders of its own; returns the folder that holds them."""
    # Not tmp_path: its name holds the test's, and a Unix socket's path may have 107 bytes only.
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        home = Path(folder)
        for variable, name in (
            ("XDG_RUNTIME_DIR", "run"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CONFIG_HOME", "config"),
        ):
            (home / name).mkdir(mode=0o700)
            monkeypatch.setenv(variable, str(home / name))
        monkeypatch.setenv("XDG_CACHE_HOME", str(shared_cache))
        yield home


@pytest.fixture
def private_shm() -> None:
    """For tests that damage what all JACK servers of a /dev/shm share."""
    if _run["shm"] != "private":
        pytest.skip(f"would disturb other JACK servers: /dev/shm is {_run['shm']}")


@pytest.fixture(scope="session")
def shared_jack_server(nothing_left_running: None) -> Iterator[str]:
    """The name of a JACK server that lives as long as the run."""
    with jackd() as server:
        yield server.name


@pytest.fixture
def jack_server(shared_jack_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a JACK server that all tests share, and that ``JACK_DEFAULT_SERVER`` names; not to be killed.

    It is named for this test alone, so that a test without a server has none, whichever ran before it.
    """
    monkeypatch.setenv("JACK_DEFAULT_SERVER", shared_jack_server)
    return shared_jack_server


@pytest.fixture
def fresh_jack_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jackd]:
    """A JACK server for this test alone, to be killed and restarted; ``JACK_DEFAULT_SERVER`` names it meanwhile."""
    with jackd() as server:
        monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
        yield server
