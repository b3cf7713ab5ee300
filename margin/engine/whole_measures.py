"""What a whole book is like: kinds of limits that no sum of holdings answers.

Takes measured accounts together; gives what is used, over what it is a share of. None where a part has no
figure: a share of what is left would look better than it is. While a price is in doubt nothing is concluded.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from margin.engine.capped import Seen
from margin.engine.exposure import exposed, rolled_up
from margin.engine.figures import Finding
from margin.engine.limits import Cap, check
from margin.engine.measures import Used, WholeKind
from margin.engine.pools import collateral_risk, pools_of
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, AssetTerms, total_of


def one_asset(seen: Sequence[Seen]) -> Used | None:
    """The largest part of all gross that is a bet on one asset."""
    rows = []
    for one in seen:
        if one.account is None:
            return None
        rows += exposed(one.account, one.figures, client="", rate=one.rate)
    sums = rolled_up(rows, by="asset")
    if sums.left_out:
        return None
    return Used(max((part.gross for part in sums.by_key.values()), default=ZERO), sums.gross or ONE)


def one_way(seen: Sequence[Seen]) -> Used | None:
    """How much of the book goes one way when the market moves: |sum of beta*S| over sum of |beta|*N."""
    net = gross = ZERO
    for one in seen:
        if one.account is None or one.rate is None:
            return None
        betas = {position.ref: position.instrument.loading for position in one.account.positions}
        for row in one.figures.positions:
            if row.exposure is None or row.notional is None:
                return None
            net += betas[row.ref] * row.exposure * one.rate
            gross += abs(betas[row.ref]) * row.notional * one.rate
    return Used(abs(net), gross or ONE)


def worst_loss(seen: Sequence[Seen]) -> Used | None:
    """The largest unrealised loss of one position."""
    worst = ZERO
    for one in seen:
        for row in one.figures.positions:
            if row.unrealised_pnl is None or one.rate is None:
                return None
            worst = max(worst, -row.unrealised_pnl * one.rate)
    return Used(worst)


def collateral_in_one(seen: Sequence[Seen]) -> Used | None:
    """The largest part of what counts as collateral that is in one asset whose price can fall."""
    owned: dict[str, Fraction] = defaultdict(lambda: ZERO)
    falling: set[str] = set()
    for one in seen:
        if one.account is None or one.rate is None:
            return None
        for pool in pools_of(one.account):
            for asset, amount in pool.balances.items():
                price = _price(one, asset)
                if price is None and amount:
                    return None
                value = collateral_risk(one.account, asset, amount, price or ZERO).equity * one.rate
                owned[asset] += max(ZERO, value)
                if one.account.terms.get(asset, AssetTerms(asset)).loading and asset != one.account.base:
                    falling.add(asset)
    return Used(max((owned[asset] for asset in falling), default=ZERO), total_of(owned.values()) or ONE)


def _price(one: Seen, asset: str) -> Fraction | None:
    if asset == one.figures.base:
        return ONE
    return one.market.rates[asset].value if asset in one.market.rates else None


WHOLE: Mapping[WholeKind, Callable[[Sequence[Seen]], Used | None]] = {
    WholeKind.ONE_ASSET: one_asset,
    WholeKind.ONE_WAY: one_way,
    WholeKind.WORST_LOSS: worst_loss,
    WholeKind.COLLATERAL: collateral_in_one,
}


def check_whole(
    kind: WholeKind, rule: str, subject: str, seen: Sequence[Seen], caps: Sequence[Cap]
) -> Finding:
    """A client over all its accounts, or one account, against the tightest of its caps."""
    doubtful = any(one.in_doubt for one in seen)
    return check(rule, subject, WHOLE[kind](seen), caps, (lambda _: None) if doubtful else None)
