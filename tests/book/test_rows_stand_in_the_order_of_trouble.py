"""Who needs a person first stands first; the wildest distance never hides what is wrong now."""

import random
from typing import Any

from margin.book.read import trouble


def row(
    account: str, level: str, distance: str | None, use: str | None = "0.5", cap: str = "kept"
) -> dict[str, Any]:
    return {"account": account, "level": level, "distance": distance, "utilisation": use, "cap_state": cap}


INTENDED = [
    row("closing", "liquidation", "0"),
    row("untold", "unknown", None),
    row("about-to", "danger", "0.007"),
    row("over-near", "at_risk", "0.014", cap="over"),
    row("called", "margin_call", "0.02"),
    row("over-far", "normal", "0.9", cap="over"),
    row("uncapped", "normal", None, cap="missing"),
    row("used-more", "normal", "0.03", "0.9"),
    row("used-less", "normal", "0.03", "0.1"),
    row("near-a-cap", "at_risk", "0.04", cap="near"),
    row("safe", "normal", None, None),
]


def test_liquidations_the_unknown_what_is_wrong_now_and_then_the_rest_by_distance():
    mixed = random.Random(4).sample(INTENDED, len(INTENDED))
    assert [each["account"] for each in sorted(mixed, key=trouble)] == [each["account"] for each in INTENDED]
