"""How each sub-account stands to the caps that are asked of it and of its client: one word a row.

Takes the findings about caps; gives the worst word of each sub-account. A cap of a whole client concerns
those of its sub-accounts that hold something (of the instrument or asset class, if it is one's cap). Judges
nothing: the engine did.
"""

from collections.abc import Iterable, Iterator, Mapping

from margin.book.read import MISSING, NEAR, OVER
from margin.engine.figures import Severity
from margin.flow.found import Found
from margin.flow.recompute import Measured

UNKNOWN, WITHIN = "unknown", "within"
WORDS: Mapping[Severity, str] = {
    Severity.BREACH: OVER,
    Severity.BLOCKED: MISSING,
    Severity.WARN: NEAR,
    Severity.UNKNOWN: UNKNOWN,
    Severity.OK: WITHIN,
}
WORST_FIRST = tuple(WORDS.values())


def cap_states(findings: Iterable[Found]) -> dict[int, str]:
    """By sub-account; who is not there has no cap to keep."""
    states: dict[int, str] = {}
    for one in findings:
        word = WORDS[one.finding.severity]
        for measured in _concerned(one):
            stood = states.get(measured.fact.id, WITHIN)
            states[measured.fact.id] = min(stood, word, key=WORST_FIRST.index)
    return states


def _concerned(one: Found) -> Iterator[Measured]:
    if one.measured is not None:
        yield one.measured
        return
    for measured, seen in zip(one.client.members, one.client.seen, strict=True):
        held = {row.instrument for row in measured.figures.positions}
        if one.cap_class:
            positions = seen.account.positions if seen.account is not None else ()
            held = {own.ref for own in positions if own.instrument.cap_class == one.cap_class}
        if one.instrument in held if one.instrument else held:
            yield measured
