"""The patchbay of a running Carla: its calls as OSC requests, and what it tells of it from the stream of messages.

What OSC is shown of the patchbay is Carla's own choice for OSC, apart from what its window shows
(``CarlaEngineJack::patchbayRefresh``, ``sendHost`` false), so looking outside for the client's name leaves the window
as it is.
"""

from typing import Any

from reconciler.engines.carla.patchbay import (
    CLIENT_ADDED,
    CLIENT_REMOVED,
    CONNECTION_REMOVED,
    End,
    Mirror,
    News,
)
from reconciler.engines.carla_osc.link import Link
from reconciler.engines.carla_osc.packets import Message
from reconciler.model.errors import Unavailable

_ENGINE_STARTED = 29
_MAIN_CLIENT = 0xFFFF
"""What Carla gives as the plugin's number of its own JACK client (``MAIN_CARLA_PLUGIN_ID`` of CarlaBackend.h)."""

_NOT_TOLD = "Carla has told nothing of its own JACK client"


class OscWires:
    """The :class:`~reconciler.engines.carla.patchbay.Wires` of an attached Carla. It outlives a connection to it."""

    def __init__(self) -> None:
        self._link: Link | None = None
        self._client: str | None = None
        self._heard: list[News] = []
        self._whole = False
        """Whether what was heard begins with all there is."""
        self._last: list[News] | None = None
        """All there was, if nothing was told since."""
        self._known = Mirror()

    @property
    def client(self) -> str | None:
        """Carla's JACK client as the server named it; None while nothing is attached to, or not in patchbay mode."""
        return self._client if self._link is not None and self._link.lost is None else None

    def hear(self, message: Message) -> None:
        """Take in one of Carla's messages."""
        if message.path != "/cb":
            return
        values: tuple[Any, ...] = message.arguments
        action, number, first, second, _, _, text = values
        if action == _ENGINE_STARTED:  # it tells everything anew
            self._heard, self._whole = [], True
        elif CLIENT_ADDED <= action <= CONNECTION_REMOVED:
            self._heard.append((action, number, first, second, text))

    def begin(self, link: Link) -> None:
        """Find out how Carla's client is called, and listen from now on: it runs in patchbay mode.

        Raises
        ------
        Unavailable
            ``attach-lost``, ``attach-silent``, ``attach-garbled``; ``attach-mode`` if there is no such client.
        """
        self._heard = []
        link.request("patchbay_refresh", "i", 1)
        names = [text for action, _, _, plugin, text in self._heard if (action, plugin) == (CLIENT_ADDED, _MAIN_CLIENT)]
        self._heard, self._whole = [], True
        link.request("patchbay_refresh", "i", 0)
        if not names:
            raise Unavailable("attach-mode", _NOT_TOLD, hint="start Carla's engine anew, with JACK as its driver")
        self._client, self._link = names[-1], link

    def end(self) -> None:
        """Listen no more: Carla was let go of."""
        self._link = self._client = None
        self._heard, self._last, self._known = [], None, Mirror()

    def patchbay_news(self) -> list[News]:
        """Return what Carla told of its patchbay since it was asked last.

        Reading Carla anew lets it tell everything again; what is gone by then is told here as removed.
        """
        if self._link is not None:
            self._link.pump()
        heard, self._heard = self._heard, []
        if not self._whole:
            if heard:
                self._last = None
                self._known.hear(heard)
            return heard
        self._whole = False
        if heard == self._last:
            return []
        gone = [(CONNECTION_REMOVED, number, 0, 0, "") for number in self._known.connections]
        gone += [(CLIENT_REMOVED, group, 0, 0, "") for group in self._known.groups]
        self._know(heard)
        return gone + heard

    def refresh_patchbay(self) -> list[News]:
        """Let Carla tell everything of its patchbay anew, and return it; whatever came before is void.

        Raises
        ------
        Unavailable
            ``attach-lost``, ``attach-silent``, ``attach-garbled``.
        """
        link = self._need()
        link.pump()
        self._heard, self._whole = [], False
        link.request("patchbay_refresh", "i", 0)
        told, self._heard = self._heard, []
        self._know(told)
        return told

    def connect_ports(self, source: End, target: End) -> str | None:
        """Connect two ports; return why it did not work, else None."""
        return self._need().request("patchbay_connect", "iiiii", 0, *source, *target)

    def disconnect_ports(self, number: int) -> str | None:
        """Cut a connection by its number since the last refresh; return why it did not work, else None."""
        return self._need().request("patchbay_disconnect", "ii", 0, number)

    def _know(self, everything: list[News]) -> None:
        self._known = Mirror()
        self._known.hear(everything)
        self._last = everything

    def _need(self) -> Link:
        if self._link is None:
            hint = "start it again with OSC on, then `studio apply`: it goes on from what is there"
            raise Unavailable("attach-lost", "no Carla is attached to", hint=hint)
        return self._link
