"""What is shown is rounded once and never denies what was decided."""

from decimal import Decimal
from fractions import Fraction

from margin.engine import shown
from margin.engine.risk import Risk


def test_requirements_round_up_and_equity_down():
    found = shown.risk(Risk(Fraction("100.019"), Fraction("50.001"), Fraction("20.001"), Fraction("30.001")))
    assert found == shown.ShownRisk(Decimal("100.01"), Decimal("50.01"), Decimal("20.01"), Decimal("30.01"))


def test_digits_are_carried_until_the_shown_relation_is_the_decided_one():
    found = shown.risk(Risk(Fraction("100.00012"), Fraction(1), Fraction(1), Fraction("100.0001")))
    assert (found.equity, found.house) == (Decimal("100.00012"), Decimal("100.00010"))


def test_a_third_that_equals_a_third_is_shown_equal():
    third = Fraction(100, 3)
    found = shown.risk(Risk(third, third, third, third))
    assert found.equity == found.maintenance == Decimal("33.33")


def test_prices_round_towards_the_mark():
    assert shown.price(Fraction("99.981"), Fraction(100), 2) == Decimal("99.99")
    assert shown.price(Fraction("101.119"), Fraction(100), 2) == Decimal("101.11")


def test_a_price_beside_the_mark_carries_digits_until_it_is_shown_beside_it():
    assert shown.price(Fraction("99.9991"), Fraction(100), 2) == Decimal("99.9991")
    assert shown.price(Fraction("100.0009"), Fraction(100), 2) == Decimal("100.0009")
    assert shown.price(100 - Fraction(1, 10**60), Fraction(100), 2) < 100
    assert shown.price(Fraction(100), Fraction(100), 2) == Decimal("100.00")


def test_a_utilisation_just_below_a_band_is_not_shown_on_it():
    lines = (Fraction(60, 100),)
    assert shown.share(Fraction("0.599996"), lines, 4) == Decimal("0.599996")
    assert shown.share(Fraction("0.6"), lines, 4) == Decimal("0.6000")


def test_large_and_negative_figures_keep_every_digit():
    assert shown.down(Fraction("-366300.005"), 2) == Decimal("-366300.01")
    assert str(shown.up(Fraction(10) ** 40 + Fraction(1, 3), 2)) == "1" + "0" * 40 + ".34"


def test_nothing_is_shown_as_nothing_and_never_as_less_than_it():
    assert str(shown.down(Fraction(0), 2)) == str(shown.up(Fraction(-1, 1_000), 2)) == "0.00"


def test_a_utilisation_is_beside_every_band_it_was_decided_to_be_beside():
    """Of two bands the second is far: only the first asks for more digits."""
    lines = (Fraction(60, 100), Fraction(70, 100))
    assert shown.share(Fraction("0.599996"), lines, 4) == Decimal("0.599996")
    assert shown.share(Fraction("0.699996"), lines, 4) == Decimal("0.699996")


def test_a_price_exactly_at_the_mark_is_shown_in_the_places_asked_for_and_down():
    assert shown.price(Fraction("100.009"), Fraction("100.009"), 2) == Decimal("100.00")
