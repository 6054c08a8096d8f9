"""The plugin host that is a Carla which somebody already runs, driven over its OSC interface beside its own window."""

from reconciler.engines.carla_osc.capabilities import CAPABILITIES
from reconciler.engines.carla_osc.host import AttachedHost

__all__ = ["CAPABILITIES", "AttachedHost"]
