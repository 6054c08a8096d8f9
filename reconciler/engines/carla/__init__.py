"""The plugin host that is Carla's own engine, driven through its C interface."""

from reconciler.engines.carla.capabilities import CAPABILITIES
from reconciler.engines.carla.host import CarlaHost

__all__ = ["CAPABILITIES", "CarlaHost"]
