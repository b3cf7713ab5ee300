"""Who needs a person first stands first; the wildest distance never hides what is wrong now."""

import random
from types import SimpleNamespace
from typing import Any

import numpy as np

from margin.book.packed import NONE, packed_units
from margin.book.read import trouble
from margin.engine.figures import Level
from margin.flow.cap_states import WORST_FIRST
from margin.flow.compose_columns import trouble_order
from margin.flow.show import RATE_PLACES


def row(
    account: str, level: str, distance: str | None, use: str | None = "0.5", cap: str = "within"
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


def test_columns_stand_in_the_same_order():
    mixed = random.Random(4).sample(INTENDED, len(INTENDED))
    levels = {level.word: level for level in Level}

    def units(name: str) -> Any:
        found = [each[name] for each in mixed]
        return packed_units(
            np.array([NONE if text is None else round(float(text) * 10**RATE_PLACES) for text in found]),
            RATE_PLACES,
        )

    swept: Any = SimpleNamespace(
        totals=SimpleNamespace(level=np.array([levels[each["level"]] for each in mixed])),
        roster=SimpleNamespace(names=SimpleNamespace(code_rank=np.arange(len(mixed)))),
    )
    states = np.array([WORST_FIRST.index(each["cap_state"]) for each in mixed])
    order = trouble_order(swept, {name: units(name) for name in ("distance", "utilisation")}, states)
    assert [mixed[at]["account"] for at in order] == [each["account"] for each in INTENDED]
