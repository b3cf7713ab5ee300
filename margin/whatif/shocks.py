"""What the market leaves of an account under each mode, if all of it moves by one share at once.

Takes measured answers; gives equity and house requirement along evenly spaced shocks, as floats to draw.
Nothing is closed on the way: each point is what the account would show there.
"""

from collections.abc import Sequence

from margin.charts.modes import Course
from margin.engine.distance import market_wide
from margin.engine.liquidation import measured_pools
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.search import risk_at
from margin.engine.shocked import MeasuredPool, Movement
from margin.engine.types import ZERO
from margin.whatif.calculator import Answer

FARTHEST = Fraction(1, 2)
MOST_POSITIONS = 200
LARGEST = Fraction(10**300)


def shocks(count: int) -> list[Fraction]:
    """From -50 % to +50 %, zero among them where the count is odd."""
    return [FARTHEST * (2 * k - (count - 1)) / (count - 1) for k in range(count)]


def course(answer: Answer, along: Sequence[Fraction]) -> Course:
    question = answer.question
    pools = measured_pools(question.account, answer.figures, question.policy)
    moves = [(measured, market_wide(measured)) for measured in pools]
    points = [_point(moves, shock) for shock in along]
    far = answer.distances.liquidation
    return Course(
        [equity for equity, _ in points], [asked for _, asked in points], _drawn(far.down), _drawn(far.up)
    )


def _point(
    moves: Sequence[tuple[MeasuredPool, Movement]], shock: Fraction
) -> tuple[float | None, float | None]:
    """Equity and requirement; a gap where 1/price has no value because the price is gone."""
    owned = asked = ZERO
    for measured, movement in moves:
        try:
            risk = risk_at(measured, movement, shock)
        except ZeroDivisionError:
            return None, None
        owned += risk.equity if measured.pool.name == CROSS else max(ZERO, risk.equity)
        asked += risk.house
    return _drawn(owned), _drawn(asked)


def _drawn(number: Fraction | None) -> float | None:
    """As a float; nothing beyond what a drawing can hold."""
    return float(number) if number is not None and abs(number) < LARGEST else None
