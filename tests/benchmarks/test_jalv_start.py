"""Twenty plugins from nothing: through the host, beside the same twenty processes started by hand."""

import os
import select
import subprocess
import time
import tty
from collections.abc import Callable

import pytest

from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.jalv import JalvHost
from reconciler.engines.lv2.catalogue import Lv2Catalogue
from tests.support.jackd import Jackd
from tests.support.waiting import eventually

pytestmark = [pytest.mark.benchmark, pytest.mark.jack, pytest.mark.jalv]

URI = "http://gareus.org/oss/lv2/balance"
NAMES = [f"p{number}" for number in range(20)]
ROUNDS = 5
TARGET = 1.3

Report = Callable[[str, dict[str, list[float]], str], dict[str, float]]


def test_twenty_plugins_from_nothing(fresh_jack_server: Jackd, report: Report) -> None:
    """Each one read back, its name and ports seen; target 1.3 times the bare starts."""
    graph = JackGraph(fresh_jack_server.name, "watcher")
    catalogue = Lv2Catalogue()
    assert catalogue.describe(f"lv2:{URI}") is not None
    times: dict[str, list[float]] = {"by hand": [], "JalvHost.add": []}
    reads: dict[str, list[float]] = {"JalvHost.plugins, 20": []}
    nothing = set(graph.ports())

    def settled() -> bool:
        return set(graph.ports()) == nothing

    try:
        for _ in range(ROUNDS):
            start = time.perf_counter()
            by_hand = [_start(name, fresh_jack_server.name) for name in NAMES]
            times["by hand"].append(1000 * (time.perf_counter() - start))
            for process, terminal in by_hand:
                os.close(terminal)
                process.wait(10)
            eventually(settled, within_s=15)

            host = JalvHost(catalogue, fresh_jack_server.name, graph=graph)
            start = time.perf_counter()
            for name in NAMES:
                host.add(name, f"lv2:{URI}")
            times["JalvHost.add"].append(1000 * (time.perf_counter() - start))
            start = time.perf_counter()
            assert len(host.plugins()) == len(NAMES)
            reads["JalvHost.plugins, 20"].append(1000 * (time.perf_counter() - start))
            host.close()
            eventually(settled, within_s=15)
    finally:
        graph.close()
    best = report("20 jalv plugins from nothing, one after another", times, "by hand")
    report("Reading them all", reads, "JalvHost.plugins, 20")
    assert best["JalvHost.add"] <= TARGET * best["by hand"]


def _start(name: str, server: str) -> tuple["subprocess.Popen[bytes]", int]:
    """Start one and wait for its prompt, with nothing around it."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    process = subprocess.Popen(
        ["jalv", "-x", "-n", name, URI],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "JACK_DEFAULT_SERVER": server},
    )
    os.close(theirs)
    said = b""
    while not said.endswith(b"> "):
        assert select.select([ours], [], [], 20)[0], said
        said += os.read(ours, 65536)
    return process, ours
