"""How hard the properties are tried: a little in every run, always the same; much more in the long proofs.

Never how fast: a busy machine is no fault. Importing chooses the profile that HYPOTHESIS_PROFILE names.
"""

import os

from hypothesis import HealthCheck, Phase, settings

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture]

settings.register_profile(
    "everyday",
    max_examples=40,
    deadline=None,
    suppress_health_check=QUIET,
    derandomize=True,
    database=None,
)
settings.register_profile(
    "prove", max_examples=5_000, deadline=None, suppress_health_check=QUIET, derandomize=False
)
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
