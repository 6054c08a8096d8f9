"""How many examples the laws see: 30 in `make test`, 500 in `make laws` (HYPOTHESIS_PROFILE=long)."""

import os

from hypothesis import HealthCheck, settings

_CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
settings.register_profile("short", max_examples=30, deadline=None, suppress_health_check=_CHECKS)
settings.register_profile("long", max_examples=500, deadline=None, suppress_health_check=_CHECKS)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))
