"""How many examples the laws see: 30 in `make test`, 500 in `make long` (HYPOTHESIS_PROFILE=long)."""

import os

from hypothesis import HealthCheck, Phase, settings

_CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
# Not Phase.explain: it traces every line of the planner and takes minutes, longer than a test may.
_PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]
settings.register_profile("short", max_examples=30, deadline=None, suppress_health_check=_CHECKS, phases=_PHASES)
settings.register_profile("long", max_examples=500, deadline=None, suppress_health_check=_CHECKS, phases=_PHASES)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))
