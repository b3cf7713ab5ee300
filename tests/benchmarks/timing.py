"""How times are taken: contenders in turns, so that whatever else the machine does hits all alike.

Gives the best round of each in milliseconds: what the work costs undisturbed. The shape of a result is the
one `bench.json` holds.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

Results = dict[str, dict[str, Any]]
Step = Callable[[], object]


def timed(step: Step) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    step()
    return (time.perf_counter() - began) * 1000


def nothing() -> None:
    """What comes before a turn as a rule."""


def best_in_turns(steps: Mapping[str, Step], rounds: int, before: Step = nothing) -> dict[str, float]:
    """Each once unmeasured, then all of them in every round; `before` each turn, unmeasured as well."""
    for step in steps.values():
        step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            before()
            times[name].append(timed(step))
    return {name: min(own) for name, own in times.items()}


def result(value: float, unit: str) -> dict[str, Any]:
    return {"value": round(value, 2), "unit": unit}
