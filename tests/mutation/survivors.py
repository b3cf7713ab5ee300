"""The slips that change nothing anybody could see, each with its reason.

By module, the line as it stands in the source, and the change. A slip that is not named here and that no test
notices is a missing test.
"""

REASONS: dict[tuple[str, str, str], str] = {}


def reason_of(name: str, line: str, change: str) -> str:
    return REASONS.get((name, line, change), "")
