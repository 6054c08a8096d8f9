"""The calls of Carla's patchbay in this process, and what it tells of it meanwhile."""

from typing import Any

from reconciler.engines.carla.patchbay import ACTIONS, CLIENT_ADDED, End, News

_MAIN_CLIENT = 0xFFFF
"""What Carla gives as the plugin's number of its own JACK client (``MAIN_CARLA_PLUGIN_ID`` of CarlaBackend.h)."""


class CarlaWires:
    """The :class:`~reconciler.engines.carla.patchbay.Wires` of the engine of this process.

    Parameters
    ----------
    host
        The wrapper's ``CarlaHostDLL``.
    """

    def __init__(self, host: Any) -> None:
        self._host = host
        self._client: str | None = None
        self._news: list[News] = []
        self._listens = False

    @property
    def client(self) -> str | None:
        """Carla's JACK client as the server named it; None while it does not run in patchbay mode."""
        return self._client

    def begin(self) -> None:
        """Listen from now on: Carla was started in patchbay mode.

        Its own client's name it tells only with what is outside. It may be ``…-01``.
        """
        self._news.clear()
        self._listens = True
        self._host.patchbay_refresh(True)
        outside = self.patchbay_news()
        self._client = next(
            text for action, _, _, plugin, text in outside if action == CLIENT_ADDED and plugin == _MAIN_CLIENT
        )
        self._news = self.refresh_patchbay()

    def end(self) -> None:
        """Listen no more: Carla was stopped."""
        self._listens = False
        self._client = None
        self._news.clear()

    def heard(self, action: int, number: int, first: int, second: int, text: object) -> None:
        """Note a callback, on any thread, if it is about the patchbay and that is listened to."""
        if self._listens and action in ACTIONS:
            words = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else ""
            self._news.append((action, number, first, second, words))

    def patchbay_news(self) -> list[News]:
        """Return what Carla told of its patchbay since it was asked last."""
        if not self._news:
            return []
        news, self._news = self._news, []
        return news

    def refresh_patchbay(self) -> list[News]:
        """Let Carla tell everything of its patchbay anew, and return it; whatever came before is void."""
        self._news.clear()
        self._host.patchbay_refresh(False)
        return self.patchbay_news()

    def connect_ports(self, source: End, target: End) -> str | None:
        """Connect two ports; return why it did not work, else None."""
        return None if self._host.patchbay_connect(False, *source, *target) else self._last_error()

    def disconnect_ports(self, number: int) -> str | None:
        """Cut a connection by its number since the last refresh; return why it did not work, else None."""
        return None if self._host.patchbay_disconnect(False, number) else self._last_error()

    def _last_error(self) -> str:
        return str(self._host.get_last_error()).rstrip(". \n")
