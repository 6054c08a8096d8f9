"""The plugin host made of jalv processes: LV2, in every distribution, on jackd and on PipeWire."""

from reconciler.engines.jalv.host import CAPABILITIES, JalvHost
from reconciler.engines.jalv.process import Limits

__all__ = ["CAPABILITIES", "JalvHost", "Limits"]
