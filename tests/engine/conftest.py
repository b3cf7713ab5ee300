"""How hard the properties are tried: a little in every run, much more in the long proofs."""

import os

from hypothesis import HealthCheck, Phase, settings

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]

settings.register_profile("everyday", max_examples=40, deadline=None, suppress_health_check=QUIET)
settings.register_profile("prove", max_examples=5_000, deadline=None, suppress_health_check=QUIET)
settings.register_profile(
    "mutate",
    max_examples=12,
    deadline=None,
    suppress_health_check=QUIET,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "everyday")
