"""What one account's pools hold and need, asked inside a writing transaction, of what it has just written.

Takes an account whose shard the transaction holds; gives the most that may leave a pool, or the refusal of
what has left it short. The rules are kept until the house's revision moves. Nothing rests on what is unknown.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import structlog

from accounts.models import HOUSE, Asset, Shard, SubAccount
from margin.book.book import Book
from margin.book.facts import Revisions, Rules, Unusable
from margin.book.load_rules import load_rules
from margin.book.marks import pin_all
from margin.book.quotes import load_quotes
from margin.engine.exact import assess
from margin.engine.figures import AccountFigures
from margin.engine.funding import withdrawable
from margin.engine.risk import risk_of
from margin.engine.shown import down, up
from margin.engine.types import Account, Market, Policy
from margin.flow.kept import forgets
from margin.flow.recompute import ENGINE_FAULTS, Markets
from riskdesk.errors import Refusal

log = structlog.get_logger(__name__)

UNKNOWN = "This pool cannot be measured now: a price is missing or in doubt."
_rules: dict[int, Rules] = {}


@dataclass(frozen=True, slots=True)
class Standing:
    """One account as it stands inside the transaction."""

    account: Account
    market: Market
    policy: Policy
    figures: AccountFigures


def look(account: SubAccount, now: datetime) -> Standing | None:
    """The account measured; None where the engine cannot be asked."""
    shard = account.client.shard_id
    numbers = dict(Shard.objects.filter(number__in=(HOUSE, shard)).values_list("number", "revision"))
    reached = Revisions(shard=numbers[shard], house=numbers[HOUSE])
    rules = current_rules(account, reached, now)
    book = Book.of_account(account.pk, shard=shard, reached=reached, rules=rules)
    built = book.account(account.pk)
    if isinstance(built, Unusable):
        return None
    markets = Markets(book, pin_all(rules.guarded.values(), load_quotes(), now))
    market = markets.seen_from(built.base)
    policy = rules.desks[account.client.desk_id].policy
    try:
        return Standing(built, market, policy, assess(built, market, policy))
    except ENGINE_FAULTS:
        log.exception("account.not_measured", account=account.code)
        return None


def current_rules(account: SubAccount, reached: Revisions, now: datetime) -> Rules:
    kept = _rules.get(account.client.shard_id)
    if kept is None or kept.revision != reached.house or account.pk not in kept.accounts:
        kept = _rules[account.client.shard_id] = load_rules(account.client.shard_id, reached.house, now=now)
    return kept


@forgets
def forget() -> None:
    _rules.clear()


def most_that_may_leave(*, account: SubAccount, pool: str, asset: Asset, now: datetime) -> Decimal | None:
    """By the rulebook's withdrawable; None where it is unknown, or a price of the pool is in doubt."""
    seen = look(account, now)
    if seen is None:
        return None
    price = seen.market.rates[asset.code].value if asset.code in seen.market.rates else None
    if price is None or seen.figures.pool(pool).bounded:
        return None
    most = withdrawable(seen.account, seen.figures, seen.policy, pool=pool, asset=asset.code, price=price)
    return None if most is None else down(most, asset.scale)


def shortage(*, account: SubAccount, pool: str, field: str, now: datetime) -> Refusal | None:
    """The refusal of what has left the pool with less than it must hold."""
    seen = look(account, now)
    figures = seen.figures.pool(pool) if seen else None
    if figures is None or figures.equity is None:
        return Refusal(field, "unknown_figures", pool, UNKNOWN)
    risk = risk_of(figures)
    if risk.equity >= risk.required:
        return None
    scale = account.base_currency.scale
    message = (
        f"The {pool} pool would hold {down(risk.equity, scale):f} {account.base_currency.code} and must hold "
        f"{up(risk.required, scale):f}."
    )
    return Refusal(field, "pool_short", pool, message)
