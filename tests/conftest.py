"""What all tests share: hypothesis is the same in every run unless HYPOTHESIS_PROFILE=explore."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "same",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # the first example loads the rule book
)
settings.register_profile(
    "first failure", settings.get_profile("same"), phases=[Phase.explicit, Phase.generate]
)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
