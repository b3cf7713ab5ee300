"""The engine's number answers as the standard library's fraction does, and stays what it is."""

import operator
import pickle
from fractions import Fraction as Standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.engine.rational import Fraction

WHOLE = st.integers(-(10**40), 10**40) | st.integers(-6, 6)
PARTS = st.tuples(WHOLE, st.integers(1, 10**40) | st.integers(1, 6))
STEPS = [operator.add, operator.sub, operator.mul, operator.truediv]
QUESTIONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


@pytest.mark.parametrize("step", STEPS)
@given(one=PARTS, two=PARTS, whole=WHOLE)
def test_arithmetic(step, one, two, whole):
    for left, right in ((Fraction(*one), Fraction(*two)), (Fraction(*one), whole), (whole, Fraction(*one)),
                        (Fraction(*one), Standard(*two)), (Standard(*one), Fraction(*two))):  # fmt: skip
        if step is operator.truediv and right == 0:
            with pytest.raises(ZeroDivisionError):
                step(left, right)
            continue
        found, wanted = step(left, right), step(Standard(left), Standard(right))
        assert type(found) is Fraction
        assert (found.numerator, found.denominator) == (wanted.numerator, wanted.denominator)


@pytest.mark.parametrize("question", QUESTIONS)
@given(one=PARTS, two=PARTS, whole=WHOLE)
def test_comparison(question, one, two, whole):
    number, other = Fraction(*one), Fraction(*two)
    plain = Standard(*one)
    assert question(number, other) == question(plain, Standard(*two)) == question(number, Standard(*two))
    assert question(number, whole) == question(plain, whole)
    assert question(whole, number) == question(whole, plain)
    assert question(number, number) == question(plain, plain)


@given(one=PARTS)
def test_one_number(one):
    number, plain = Fraction(*one), Standard(*one)
    assert hash(number) == hash(plain)
    assert bool(number) == bool(plain)
    for step in (operator.neg, operator.pos, abs):
        assert type(step(number)) is Fraction
        assert step(number) == step(plain)
    assert str(number) == str(plain)
    assert pickle.loads(pickle.dumps(number)) == plain


def test_what_is_no_fraction_is_left_to_the_standard():
    assert Fraction(1, 2) * 0.5 == 0.25
    assert 1.5 - Fraction(1, 2) == 1.0
    assert Fraction(1, 2) != "1/2"
    with pytest.raises(TypeError):
        Fraction(1, 2) + "1/2"
    with pytest.raises(TypeError):
        assert Fraction(1, 2) < "1/2"
