"""How alike things move: correlations, one-sidedness, and the dangers that hide in them.

Takes returns as columns (float64: these are estimates, not decisions) and exposures as fractions; gives
correlations, the direction score, the number of independent bets, wrong-way collateral and crowds. Loads no
data.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.engine.exposure import Exposed
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, total_of

Matrix = NDArray[np.float64]


def log_returns(prices: Matrix) -> Matrix:
    """Rows are times, columns instruments; prices above zero."""
    return np.asarray(np.diff(np.log(prices), axis=0), dtype=np.float64)


def ewma_covariance(returns: Matrix, *, half_life_rows: float) -> Matrix:
    """Exponentially weighted, the newest row last and heaviest; around zero, as is usual for short steps."""
    age = np.arange(len(returns) - 1, -1, -1, dtype=np.float64)
    weights = 0.5 ** (age / half_life_rows)
    return np.asarray((returns * weights[:, None]).T @ returns / weights.sum(), dtype=np.float64)


def correlation_of(covariance: Matrix) -> Matrix:
    """Correlations; a price that never moved correlates with nothing."""
    deviation = np.sqrt(np.diag(covariance))
    safe = np.where(deviation > 0, deviation, 1.0)
    found: Matrix = np.clip(covariance / np.outer(safe, safe), -1.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return found


def average_pairwise(correlation: Matrix) -> float | None:
    """The mean off the diagonal; None with fewer than two."""
    count = len(correlation)
    if count < 2:
        return None
    return float((correlation.sum() - np.trace(correlation)) / (count * (count - 1)))


def number_of_bets(exposures: Matrix, covariance: Matrix) -> float | None:
    """How many independent bets a book really holds: the entropy of its risk over principal components.

    One where all risk lies in one direction, n where it is spread evenly over n; None for a book without
    risk.
    """
    variances, directions = np.linalg.eigh(covariance)
    risks = (directions.T @ exposures) ** 2 * np.clip(variances, 0.0, None)
    total = risks.sum()
    if total <= 0:
        return None
    parts = risks[risks > 0] / total
    return float(np.exp(-(parts * np.log(parts)).sum()))


def direction_score(rows: Iterable[tuple[Fraction, Fraction, Fraction]]) -> Fraction | None:
    """|sum of beta*S| / sum of |beta|*N over (beta, S, N): 1 is one bet, 0 hedged, None an empty book."""
    net = gross = ZERO
    for beta, signed, notional in rows:
        net += beta * signed
        gross += abs(beta) * notional
    return abs(net) / gross if gross else None


def wrong_way_share(
    collateral: Mapping[str, Fraction],
    exposures: Mapping[str, Fraction],
    correlation: Mapping[tuple[str, str], Fraction],
) -> Fraction | None:
    """The share of collateral that falls when the book loses: its value times how it moves with the book.

    The same asset correlates fully; pairs that are not given count as unrelated. None without collateral.
    """
    owned = {asset: value for asset, value in collateral.items() if value > 0}
    gross = total_of(abs(exposure) for exposure in exposures.values())
    whole = total_of(owned.values())
    if not whole:
        return None
    if not gross:
        return ZERO
    moves = ZERO
    for asset, value in owned.items():
        along = total_of(_alike(correlation, asset, name) * held for name, held in exposures.items()) / gross
        moves += value * max(ZERO, along)
    return moves / whole


def _alike(correlation: Mapping[tuple[str, str], Fraction], one: str, other: str) -> Fraction:
    if one == other:
        return ONE
    return correlation.get((one, other), correlation.get((other, one), ZERO))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many small clients on the same side of one underlying: together one big client nobody has on a list."""

    underlying: str
    side: int
    clients: int
    exposure: Fraction
    largest_share: Fraction
    one_sidedness: Fraction


def crowds(
    rows: Sequence[Exposed],
    *,
    at_least_clients: int = 10,
    at_most_share: Fraction = Fraction(20, 100),
    at_least_one_sided: Fraction = Fraction(70, 100),
) -> list[Crowd]:
    """Largest first. No member holds more than `at_most_share`: otherwise it is a client, not a crowd."""
    held: dict[str, dict[str, Fraction]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for row in rows:
        if row.net is not None:
            held[row.underlying][row.client] += row.net
    found = [
        crowd
        for underlying, clients in held.items()
        if (crowd := _crowd(underlying, clients)) is not None
        and crowd.clients >= at_least_clients
        and crowd.largest_share <= at_most_share
        and crowd.one_sidedness >= at_least_one_sided
    ]
    return sorted(found, key=lambda crowd: -crowd.exposure)


def _crowd(underlying: str, clients: Mapping[str, Fraction]) -> Crowd | None:
    gross = total_of(abs(net) for net in clients.values())
    net = total_of(clients.values())
    if not net:
        return None
    side = 1 if net > 0 else -1
    same = [side * own for own in clients.values() if side * own > 0]
    together = total_of(same)
    return Crowd(underlying, side, len(same), together, max(same) / together, together / gross)
