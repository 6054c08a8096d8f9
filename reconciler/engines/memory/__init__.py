"""A studio in memory that behaves like the real ones; public, for tests and planning without sound.

Begin with :class:`MemoryStudio`: it holds a plugin host, a graph and hardware that fit the ports of
:mod:`reconciler.engines.ports`, lets foreign clients come and go, records every call that changes anything, and fails
when it is told to.
"""

from reconciler.engines.memory.calls import Calls, Effect, RecordedCall, StopServer
from reconciler.engines.memory.catalogue import PLUGINS, PREFIX, MemoryCatalogue
from reconciler.engines.memory.graph import MemoryGraph
from reconciler.engines.memory.hardware import MemoryHardware
from reconciler.engines.memory.host import MemoryHost
from reconciler.engines.memory.server import MemoryServer
from reconciler.engines.memory.studio import (
    CAPABILITIES,
    ENGINE,
    IN_PATCHBAY,
    LIKE_CARLA,
    LIKE_JALV,
    SETTINGS,
    MemoryStudio,
)

__all__ = [
    "CAPABILITIES",
    "ENGINE",
    "IN_PATCHBAY",
    "LIKE_CARLA",
    "LIKE_JALV",
    "PLUGINS",
    "PREFIX",
    "SETTINGS",
    "Calls",
    "Effect",
    "MemoryCatalogue",
    "MemoryGraph",
    "MemoryHardware",
    "MemoryHost",
    "MemoryServer",
    "MemoryStudio",
    "RecordedCall",
    "StopServer",
]
