"""What can be refused and what can go wrong.

A refusal is a value: a step returns it, a door shows it, nothing is raised. An exception is a fault:

    RiskdeskError            everything of ours that is raised
    ├── BadEnvironment       a variable holds nonsense               (riskdesk.env, before Django stands)
    ├── Unreachable          a part we need does not answer          → 503, try again
    └── Broken               an invariant of ours does not hold      → 500, logged with the run id

Takes and gives nothing else; never imports the rest of the desk.
"""

from dataclasses import asdict, dataclass
from typing import TypeVar

T = TypeVar("T")
SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why something was not done: which field, which rule, what was sent, and a sentence."""

    field: str
    rule: str
    value: str
    message: str

    def __post_init__(self) -> None:
        if len(self.value) > SHOWN_CHARACTERS:
            object.__setattr__(self, "value", self.value[: SHOWN_CHARACTERS - 1] + "…")

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class RiskdeskError(Exception):
    """Everything of ours that is raised."""


class Unreachable(RiskdeskError):
    """A part the desk needs does not answer now."""


class Broken(RiskdeskError):
    """Something that must hold does not: a fault of ours, never of the input."""


def sure(value: T | None, why: str) -> T:
    """The value, which cannot be missing, and why not; an `assert` would be silent under `python -O`."""
    if value is None:
        raise Broken(f"not so: {why}")
    return value
