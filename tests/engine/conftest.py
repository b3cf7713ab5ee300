"""How hard the properties are tried: a little in every run, much more in the long proofs."""

import os

from hypothesis import HealthCheck, settings

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]

settings.register_profile("everyday", max_examples=40, deadline=None, suppress_health_check=QUIET)
settings.register_profile("prove", max_examples=5_000, deadline=None, suppress_health_check=QUIET)
settings.load_profile("prove" if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else "everyday")
