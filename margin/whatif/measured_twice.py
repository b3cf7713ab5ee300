"""A shard's book measured under the rules that stand and under those that would come.

Takes a shard's newest frame and a trial; gives both sides. Prices are those the frame's run pinned. Figures
of the first side are kept until a run or a fact comes; of the second only accounts whose terms differ are
measured anew, from scratch. Writes nothing.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

import structlog

from accounts.models import Proposal
from margin.book.applies import Caps
from margin.book.book import Book
from margin.book.facts import Unusable
from margin.book.frame import Frame
from margin.book.marks import from_shown
from margin.engine.exact import assess
from margin.engine.figures import AccountFigures, Level, PoolFigures
from margin.engine.pools import CROSS
from margin.flow.kept import forgets
from margin.flow.recompute import ENGINE_FAULTS, Computed, Markets, Measured
from margin.whatif.trial import Trial

log = structlog.get_logger(__name__)
_kept: dict[int, tuple[object, dict[int, Measured]]] = {}


@dataclass(frozen=True, slots=True)
class Side:
    """The book measured under one set of rules."""

    computed: Computed
    caps: Caps


def before_of(frame: Frame, book: Book, wanted: Set[int]) -> Side:
    """The sub-accounts wanted, measured once a run and revision: a second question costs half."""
    pinned = {code: from_shown(price) for code, price in frame.prices.items()}
    at = datetime.fromisoformat(frame.at)
    markets = Markets(book, pinned)
    key = (frame.run, book.reached, id(book.rules))
    kept = _kept.get(frame.shard)
    known = kept[1] if kept is not None and kept[0] == key else {}
    _kept[frame.shard] = (key, known)
    accounts = {}
    for account_id in book.account_ids():
        if account_id in wanted:
            if account_id not in known:
                known[account_id] = _measured(book, account_id, markets)
            accounts[account_id] = known[account_id]
    return Side(Computed(book, pinned, markets, at, accounts), Caps(book.rules, at))


def after_of(before: Side, trial: Trial, kind: str) -> Side:
    """Only accounts whose terms would differ are measured anew; no figure rests on a cap."""
    was = before.computed
    book = trial.book.under(trial.rules)
    caps = Caps(trial.rules, was.at)
    if kind in (Proposal.Kind.LIMIT, Proposal.Kind.EXCESS):
        return Side(Computed(trial.book, was.pinned, was.markets, was.at, was.accounts), caps)
    markets = Markets(book, was.pinned)
    rates_move = kind == Proposal.Kind.RATE_PATH
    accounts = {
        account_id: _measured(book, account_id, markets)
        if rates_move or _differs(account_id, trial.book, book, kind)
        else measured
        for account_id, measured in was.accounts.items()
    }
    return Side(Computed(book, was.pinned, markets, was.at, accounts), caps)


def _differs(account_id: int, before: Book, after: Book, kind: str) -> bool:
    fact = before.rules.accounts[account_id]
    if kind == Proposal.Kind.BUFFER:
        return before.buffer_of(fact) != after.buffer_of(fact)
    if before.rules.desk_of(fact).policy != after.rules.desk_of(fact).policy:
        return True
    return before.account(account_id) != after.account(account_id)


def _measured(book: Book, account_id: int, markets: Markets) -> Measured:
    """Figures and levels, without the distances that a dry run does not ask for."""
    fact = book.rules.accounts[account_id]
    try:
        account = book.account(account_id)
        if isinstance(account, Unusable):
            return Measured(fact, _unknown(fact.code, fact.base, account.because))
        return Measured(
            fact, assess(account, markets.seen_from(account.base), book.rules.desk_of(fact).policy)
        )
    except ENGINE_FAULTS as fault:
        log.exception("account.not_tried", account=fact.code)
        return Measured(fact, _unknown(fact.code, fact.base, (f"not computed: {type(fault).__name__}",)))


def _unknown(code: str, base: str, because: tuple[str, ...]) -> AccountFigures:
    pool = PoolFigures(CROSS, Level.UNKNOWN, unknown_because=because)
    return AccountFigures(code, base, Level.UNKNOWN, CROSS, (pool,), unknown_because=because)


@forgets
def forget() -> None:
    _kept.clear()
