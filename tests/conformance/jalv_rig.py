"""jalv on a real JACK server as a rig."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.jalv import JalvHost
from reconciler.model.catalogue import Catalogue, Direction, Kind, PluginType, PortInfo
from reconciler.model.resources import CustomData
from tests.conformance.rig import Control, Rig, Roles
from tests.support.crowd import crowd
from tests.support.waiting import eventually

BALANCE = "lv2:http://gareus.org/oss/lv2/balance"
EPIANO = "lv2:http://drobilla.net/plugins/mda/EPiano"
FIL4 = "lv2:http://gareus.org/oss/lv2/fil4#mono"
BROKEN = "lv2:urn:studio:test:no-binary"

ROLES = Roles(
    mono=Control("lv2:http://plugin.org.uk/swh-plugins/amp", "gain"),
    stereo=BALANCE,
    instrument=EPIANO,
    bypass=FIL4,
    presets=EPIANO,
    unit=Control(EPIANO, "hardness"),
    large=Control(FIL4, "LPfreq"),
    integer=Control(BALANCE, "delayLeft"),
    toggle=Control(FIL4, "HighPass"),
    enumeration=Control(BALANCE, "unitygain"),
    keeps=(
        FIL4,
        "http://gareus.org/oss/lv2/fil4#dbscale",
        CustomData("http://lv2plug.in/ns/ext/atom#Float", "AADwQQ=="),  # 30
        CustomData("http://lv2plug.in/ns/ext/atom#Float", "AAAAQQ=="),  # 8
    ),
    broken=BROKEN,
    missing="lv2:urn:studio:test:nothing-of-the-kind",
)

_BROKEN_TTL = """
@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix doap: <http://usefulinc.com/ns/doap#> .
<urn:studio:test:no-binary> a lv2:Plugin ;
    lv2:binary <nowhere.so> ;
    doap:name "No binary" ;
    lv2:port [ a lv2:InputPort , lv2:AudioPort ; lv2:index 0 ; lv2:symbol "in" ; lv2:name "In" ] .
"""


class WithBroken:
    """A catalogue that also knows a plugin whose binary is not there."""

    def __init__(self, inner: Catalogue) -> None:
        self._inner = inner

    @property
    def formats(self) -> frozenset[str]:
        return self._inner.formats

    def describe(self, uri: str) -> PluginType | None:
        if uri == BROKEN:
            return PluginType(BROKEN, "No binary", ports=(PortInfo("in", "In", 0, Kind.AUDIO, Direction.IN),))
        return self._inner.describe(uri)

    def uris(self) -> list[str]:
        return sorted([*self._inner.uris(), BROKEN])

    def package(self, uri: str) -> str | None:
        return self._inner.package(uri)


def write_broken(folder: Path) -> None:
    """Write a bundle whose plugin has no binary."""
    bundle = folder / "broken.lv2"
    bundle.mkdir()
    manifest = "@prefix lv2: <http://lv2plug.in/ns/lv2core#> .\n<urn:studio:test:no-binary> a lv2:Plugin ."
    (bundle / "manifest.ttl").write_text(_BROKEN_TTL + manifest, encoding="utf-8")


@contextmanager
def jalv(*, server: str, catalogue: Catalogue, kill_server: Callable[[], None], bundles: Path) -> Iterator[Rig]:
    """A host on a running server.

    Parameters
    ----------
    server
        The server's name.
    catalogue
        Knows the real plugins.
    kill_server
        Kills it.
    bundles
        Folder where :func:`write_broken` was.
    """
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("LV2_PATH", f"{os.environ.get('LV2_PATH', '/usr/lib/lv2:/usr/local/lib/lv2')}:{bundles}")
        graph = JackGraph(server, "watcher")
        stack.callback(graph.close)
        known = WithBroken(catalogue)
        host = JalvHost(known, server, graph=graph)
        stack.callback(host.close)

        def open_client(name: str) -> None:
            stack.enter_context(crowd(name, pairs=1, server=server))
            eventually(lambda: f"{name}:in_1" in graph.ports())

        def kill_plugin(name: str) -> None:
            os.kill(host.pid(name), signal.SIGKILL)

        yield Rig("jalv", host, graph, known, ROLES, "", open_client, kill_plugin, kill_server, leftovers)


def leftovers() -> list[str]:
    """Return the jalv processes below this one."""
    return [str(child) for child in psutil.Process().children(recursive=True) if child.name() == "jalv"]
