"""The CV ports that Carla gives a plugin while its parameters follow CV, how they come and go."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

from reconciler.engines.carla.engine import NOT_FOLLOWING
from reconciler.engines.carla.patchbay import CarlaPatchbay
from reconciler.engines.carla.plugin import CarlaPlugin
from reconciler.engines.carla.setters import Setters
from reconciler.engines.ports import AudioGraph
from reconciler.model.catalogue import Kind
from reconciler.model.resources import Port

SETTLE_SECONDS = 2.0
"""How long the graph may take to show what Carla did."""

_LOOK_SECONDS = 0.002


class CvPorts(Setters):
    """The part of :class:`~reconciler.engines.carla.host.CarlaHost` that sees CV ports come and go."""

    graph: AudioGraph | None
    inside: CarlaPatchbay
    _prefix: str

    @property
    def _in_patchbay(self) -> bool:
        raise NotImplementedError

    def idle(self) -> None:
        """Let Carla do its housekeeping."""
        raise NotImplementedError

    def _plugins_ports(self, graph: AudioGraph) -> Mapping[str, Port]:
        raise NotImplementedError

    def _let_cv_go(self, plugin: CarlaPlugin, plugin_id: int, symbol: str) -> None:
        client = self._prefix + plugin.name
        going = f"{client}:{plugin.cv_port(plugin_id, symbol)}"
        with others_kept(self.inside, client, going) if self._in_patchbay else nullcontext():
            self._engine.follow(plugin_id, plugin.index[symbol], NOT_FOLLOWING)

    def _await_cv_port(self, plugin: CarlaPlugin, plugin_id: int, symbol: str, *, there: bool) -> bool:
        port = f"{self._prefix}{plugin.name}:{plugin.cv_port(plugin_id, symbol)}"
        end = time.monotonic() + SETTLE_SECONDS
        while self.graph is not None and (port in self._plugins_ports(self.graph)) is not there:
            if time.monotonic() > end:
                return False
            self.idle()
            time.sleep(_LOOK_SECONDS)
        return True


@contextmanager
def others_kept(inside: CarlaPatchbay, client: str, going: str) -> Iterator[None]:
    """Let one CV port of a plugin go in the block, and the links to its other ones stand as they stood.

    Carla numbers those behind it anew, and their links stay with the old numbers: what moved one parameter would then
    move another (measured). So all are cut before, and made again.
    """
    ports = inside.ports()
    links = [
        link
        for link in sorted(inside.links())
        if link.target.startswith(f"{client}:") and ports[link.target].kind is Kind.CV
    ]
    for link in links:
        inside.disconnect(link.source, link.target)
    try:
        yield
    finally:
        for link in links:
            if link.target != going:
                inside.connect(link.source, link.target)
