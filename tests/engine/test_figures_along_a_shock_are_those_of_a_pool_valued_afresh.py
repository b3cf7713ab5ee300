"""Formulas along a shock, piece by piece, against the pool valued afresh at each point of it."""

import pytest

from margin.engine.curves import first_fall
from margin.engine.rational import Fraction
from margin.engine.shocked import Movement, domain, line_along
from margin.engine.types import ONE
from tests.engine.afresh import above, asked_of, end_of, pools_of
from tests.engine.scene import DESK, account, cross, instrument, market
from tests.engine.shocked_scenes import SCENES

HAIR = Fraction(1, 10**12)


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize("name", SCENES)
def test_each_formula_holds_from_where_it_begins_to_where_it_ends(name, direction):
    for measured, movement, line in asked_of(*SCENES[name]):
        curve, s, last = (
            line_along(measured, movement, line),
            Fraction(0),
            end_of(measured, movement, direction),
        )
        while s != last:
            form, kink = curve.piece(s, direction)
            assert kink is None or (kink - s) * direction > 0, (movement, s)
            end = last if kink is None or (kink - last) * direction >= 0 else kink
            for share in (HAIR, Fraction(1, 3), ONE - HAIR):
                point = s + share * (end - s)
                assert form.at(point) == above(measured, movement, line, point), (
                    movement,
                    line,
                    s,
                    end,
                    share,
                )
            s = end


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize("name", SCENES)
def test_the_first_fall_has_nothing_below_the_line_before_it_and_is_below_just_after(name, direction):
    for measured, movement, line in asked_of(*SCENES[name]):
        last = end_of(measured, movement, direction)
        found = first_fall(line_along(measured, movement, line), direction, last)
        until = last if found is None else found
        assert (until - last) * direction <= 0
        for k in range(1, 10 if until else 1):
            assert above(measured, movement, line, until * k / 10) >= 0, (movement, line, found, k)
        if found is not None:
            assert above(measured, movement, line, found + HAIR * (last - found)) < 0, (movement, line, found)


@pytest.mark.parametrize(
    ("kind", "shares", "of", "ends"),
    [
        ("linear", (1, 1), "", (None, None)),  # others rest at zero
        ("linear", (1, 1), "A", (-1, None)),  # what is asked for keeps a price
        ("linear", (-1, 1), "A", (None, 1)),
        ("oil", (1, 1), "A", (None, None)),  # unless it may be negative
        ("inverse", (1, 1), "", (-1, None)),  # one over nothing is nothing
        ("inverse", (0, 0), "", (None, None)),
        ("inverse", ("0.5", 2), "", ("-0.5", None)),  # the first to reach zero, whichever it is
        ("inverse", (2, "0.5"), "", ("-0.5", None)),
        ("inverse", ("-0.5", -2), "", (None, "0.5")),
        ("inverse", (-2, "-0.5"), "", (None, "0.5")),
        ("inverse", ("0.5", "-0.25"), "", (-2, 4)),
        ("inverse", ("-0.25", "0.5"), "", (-2, 4)),
    ],
)
def test_a_shock_can_go_as_far_as_the_prices_that_must_stay_above_zero(kind, shares, of, ends):
    more = {"allow_negative": True} if kind == "oil" else {"kind": kind}
    traded = [instrument(code, (0, "0.1"), **more) for code in ("A", "B")]
    own = account([cross(one, 10, 100) for one in traded], wallet=500)
    (measured,) = pools_of(own, market({"A": 100, "B": 50}), DESK)
    movement = Movement(dict(zip(("A", "B"), map(Fraction, shares), strict=True)), of=of)
    assert domain(measured, movement) == tuple(None if end is None else Fraction(end) for end in ends)
