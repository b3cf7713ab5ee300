"""What can be refused and what can go wrong.

A refusal is a value: a step returns it, a door shows it, nothing is raised. An exception is a fault:

    Broken            something of ours that must hold does not        here
    MissingFigure     the same in the engine, which imports nothing    margin.engine.figures
    LeaseLost         another worker took the run over: this one ends  margin.flow.lease
    Problem           how a call ends that is not answered             margin.api.problems
    BadEnvironment    a variable holds nonsense, before Django stands  riskdesk.reader
    Trouble           the desk cannot start or go on, in one sentence  riskdesk.stack.trouble

They share no base, because nobody catches them together. A fault of one account closes that account and no
other; any other ends at a door, logged with the run's id where there is one.
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


class Broken(Exception):
    """Something that must hold does not: a fault of ours, never of the input."""


def sure(value: T | None, why: str) -> T:
    """The value, which cannot be missing, and why not; an `assert` would be silent under `python -O`."""
    if value is None:
        raise Broken(f"not so: {why}")
    return value
