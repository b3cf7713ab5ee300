"""What a change would do to today's book, before anybody approves it: the same book measured twice.

Takes a change; gives whose rules would be broken or kept again, which pools would change their level, and how
much more margin is asked, before and after, with names and amounts. Prices are those that the newest run of
each shard pinned; caps, levels and sums come from the functions of a run. Changes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

import structlog

from accounts.models import Desk, Proposal
from margin.book.applies import Caps
from margin.book.frame import Frame
from margin.book.read import frames
from margin.engine.figures import Finding, Level, PoolFigures, Severity
from margin.engine.funding import top_up
from margin.engine.measures import UNITS, AnyKind
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, Account, total_of
from margin.flow.cap_findings import over_caps
from margin.flow.clients import ClientFigures, measure_clients
from margin.flow.findings import CALLED, find
from margin.flow.found import Found
from margin.models import Breach
from margin.whatif.limits_in_force import uses_of
from margin.whatif.measured_twice import Side, after_of, before_of
from margin.whatif.moves import CapMove, DryRun, PoolMove, Sums
from margin.whatif.screen import Members, concerned, members_of
from margin.whatif.trial import Trial, try_rules
from riskdesk.clock import monotonic_seconds
from riskdesk.errors import Refusal

log = structlog.get_logger(__name__)

CAPS_ONLY = (Proposal.Kind.LIMIT, Proposal.Kind.EXCESS)
MOVES_NO_FIGURE = (
    Proposal.Kind.ROLE,
    Proposal.Kind.LIFT,
    Proposal.Kind.PRICE_SOURCE,
    Proposal.Kind.TRADING_HOURS,
)
"""Who may do what, who is held back, which price is taken when: no figure of today rests on it."""
Clients = Mapping[int, ClientFigures]
PATIENCE_SECONDS = 20
_alone = Lock()


def dry_run(*, kind: str, change: Mapping[str, Any], desks: Sequence[Desk]) -> DryRun | list[Refusal]:
    """Over all of the desks' books at the newest runs' prices; one at a time in a process."""
    if kind in MOVES_NO_FIGURE:
        return [Refusal("kind", "moves_no_figure", kind, "No figure of today's book rests on this.")]
    wanted = {desk.code for desk in desks}
    found = [frame for frame in frames() if wanted & frame.desks.keys()]
    if not found:
        return [Refusal("", "no_run", "", "No run has been committed yet: there are no prices to try it at.")]
    began = monotonic_seconds()
    at = datetime.fromisoformat(min(frame.at for frame in found))
    if not _alone.acquire(timeout=PATIENCE_SECONDS):
        return [Refusal("", "busy", "", "Another change is being tried. Ask again in a moment.")]
    try:
        trials = try_rules(kind, change, shards=[frame.shard for frame in found], at=at)
        if isinstance(trials, list):
            return trials
        run = DryRun(at.isoformat(), {frame.shard: frame.run for frame in found})
        for frame in found:
            _try_shard(frame, trials[frame.shard], kind, desks, run)
    finally:
        _alone.release()
    run.sums = _by_desk(run.sums)
    run.pools.sort(key=_worst_pool)
    run.caps.sort(key=_worst_cap)
    run.milliseconds = round((monotonic_seconds() - began) * 1000, 1)
    log.info(
        "dry_run.done", kind=kind, accounts=run.asked, broken=len(run.broken), called=len(run.called),
        milliseconds=run.milliseconds,
    )  # fmt: skip
    return run


def _try_shard(frame: Frame, trial: Trial, kind: str, desks: Sequence[Desk], run: DryRun) -> None:
    members = members_of(trial.book.rules, {desk.pk for desk in desks})
    run.asked += sum(map(len, members.values()))
    run.clients += len(members)
    if kind in CAPS_ONLY:
        _try_caps(frame, trial, members, desks, run)
    else:
        _try_figures(frame, trial, kind, members, run)


def _try_caps(frame: Frame, trial: Trial, members: Members, desks: Sequence[Desk], run: DryRun) -> None:
    """No figure rests on a cap: what the run showed stands, and only those concerned are measured."""
    rules, at = trial.book.rules, datetime.fromisoformat(frame.at)
    uses = {desk.pk: uses_of(desk) for desk in desks}
    asked = set(concerned(rules, members, uses, Caps(rules, at), Caps(trial.rules, at)))
    before = before_of(frame, trial.book, {one for number in asked for one in members[number]})
    after = after_of(before, trial, Proposal.Kind.LIMIT)
    _ask_caps(before, after, run)
    for desk in desks:
        if (part := frame.desks.get(desk.code)) is not None:
            run.unknown += part["unknown"]
            house = Fraction(part["house_maintenance"])
            levels = Counter({level: part["levels"][level.word] for level in Level})
            scale = rules.scales[part["currency"]]
            run.sums.append(Sums(desk.code, part["currency"], scale, (house, house), (levels, levels)))


def _try_figures(frame: Frame, trial: Trial, kind: str, members: Members, run: DryRun) -> None:
    before = before_of(frame, trial.book, {one for own in members.values() for one in own})
    after = after_of(before, trial, kind)
    run.unknown += sum(bool(own.figures.unknown_because) for own in after.computed.accounts.values())
    _ask_caps(before, after, run)
    desks = sorted({trial.book.rules.clients[number].desk_id for number in members})
    run.sums += [own for desk_id in desks if (own := _sums(desk_id, before, after)) is not None]
    for account_id, measured in after.computed.accounts.items():
        if measured is not before.computed.accounts[account_id]:
            run.pools += _pool_moves(before, after, account_id)


def _ask_caps(before: Side, after: Side, run: DryRun) -> None:
    clients = measure_clients(before.computed), measure_clients(after.computed)
    both = {number: (clients[0][number], clients[1][number]) for number in clients[0]}
    touched = [number for number, pair in both.items() if _is_touched(pair, before, after)]
    run.caps += _cap_moves(_findings(clients[0], touched, before), _findings(clients[1], touched, after))


# --- caps ---------------------------------------------------------------------------------------------
def _is_touched(pair: tuple[ClientFigures, ClientFigures], before: Side, after: Side) -> bool:
    """Whether anything that a client's findings rest on differs; its class may be another one then."""
    was, comes = pair
    if any(after.computed.accounts[one.fact.id] is not one for one in was.members):
        return True
    return any(_caps_on(kind, was, before) != _caps_on(kind, comes, after) for kind in UNITS)


def _caps_on(kind: AnyKind, client: ClientFigures, side: Side) -> list[object]:
    caps = side.caps
    of_accounts = [caps.of_account(kind, one.fact) for one in client.members]
    held = {row.instrument for one in client.members for row in one.figures.positions}
    on = caps.of_instruments(kind, client.client.desk_id)
    of_client = [*caps.of_client(kind, client.client), caps.of_asset_classes(kind, client.client)]
    return [*of_client, *of_accounts, *(on.get(code) for code in sorted(held))]


def _findings(clients: Clients, touched: Sequence[int], side: Side) -> dict[tuple[str, str], Found]:
    asked = {number: clients[number] for number in touched}
    found = find(asked, [one for client in asked.values() for one in over_caps(client, side.caps)])
    return {one.key: one for one in found if one.rule != Breach.Rule.MARGIN_LEVEL}


def _cap_moves(
    before: Mapping[tuple[str, str], Found], after: Mapping[tuple[str, str], Found]
) -> Iterator[CapMove]:
    """Whatever is answered otherwise: by how much is allowed, or by what is found."""
    for key in sorted(before.keys() | after.keys()):
        one = after.get(key) or before[key]
        was = before[key].finding if key in before else None
        comes = after[key].finding if key in after else None
        if _answer(was) != _answer(comes):
            account = one.measured.fact.code if one.measured else ""
            client = one.client.client.code
            yield CapMove(one.rule, one.kind, client, account, one.instrument, one.currency, was, comes)


def _answer(finding: Finding | None) -> object:
    if finding is None:
        return Severity.OK, None
    return finding.severity, finding.limit


# --- pools and sums -----------------------------------------------------------------------------------
def _pool_moves(before: Side, after: Side, account_id: int) -> Iterator[PoolMove]:
    was, comes = before.computed.accounts[account_id], after.computed.accounts[account_id]
    rules = after.computed.book.rules
    earlier = {pool.pool: pool for pool in was.figures.pools}
    for pool in comes.figures.pools:
        old = earlier.get(pool.pool)
        if old is None or (old.level, old.house_maintenance) == (pool.level, pool.house_maintenance):
            continue
        yield PoolMove(
            client=rules.clients[comes.fact.client_id].code,
            account=comes.fact.code,
            pool=pool.pool,
            currency=comes.fact.base,
            places=rules.scales[comes.fact.base],
            equity=pool.equity,
            level=(old.level, pool.level),
            house=(old.house_maintenance, pool.house_maintenance),
            deposit=_deposit(after, account_id, pool) if pool.level in CALLED else None,
        )


def _deposit(side: Side, account_id: int, pool: PoolFigures) -> Any:
    book, measured = side.computed.book, side.computed.accounts[account_id]
    account, policy = book.account(account_id), book.rules.desk_of(measured.fact).policy
    if not isinstance(account, Account):
        return None
    return top_up(account, measured.figures, policy, pool=pool.pool, asset=account.base, price=ONE)


def _sums(desk_id: int, before: Side, after: Side) -> Sums | None:
    """The house's requirement in the desk's currency: accounts without figure or rate are in neither sum."""
    rules = before.computed.book.rules
    desk = rules.desks[desk_id]
    house, levels = [ZERO, ZERO], (Counter[Any](), Counter[Any]())
    own = [key for key, one in before.computed.accounts.items() if rules.desk_of(one.fact).id == desk_id]
    for account_id in own:
        sides = [side.computed.accounts[account_id] for side in (before, after)]
        rate = before.computed.markets.rates.rate(sides[0].fact.base, desk.currency).value
        asked = [one.figures.house_maintenance for one in sides]
        for place, one in enumerate(sides):
            levels[place][one.figures.level] += 1
        if rate is not None and asked[0] is not None and asked[1] is not None:
            house = [house[0] + asked[0] * rate, house[1] + asked[1] * rate]
    if not own:
        return None
    return Sums(desk.code, desk.currency, rules.scales[desk.currency], (house[0], house[1]), levels)


def _by_desk(parts: Sequence[Sums]) -> list[Sums]:
    codes = dict.fromkeys(part.desk for part in parts)
    return [_added([part for part in parts if part.desk == code]) for code in codes]


def _added(parts: Sequence[Sums]) -> Sums:
    """One desk over its shards."""
    first = parts[0]
    house = total_of(part.house[0] for part in parts), total_of(part.house[1] for part in parts)
    levels = (
        sum((part.levels[0] for part in parts), Counter[Any]()),
        sum((part.levels[1] for part in parts), Counter[Any]()),
    )
    return Sums(first.desk, first.currency, first.places, house, levels)


def _worst_pool(move: PoolMove) -> tuple[object, ...]:
    return (not move.is_called, -move.level[1], -abs(move.more), move.account, move.pool)


def _worst_cap(move: CapMove) -> tuple[object, ...]:
    use = move.use
    return (
        not move.is_broken,
        not move.is_kept_again,
        not move.is_near,
        -(use or ZERO),
        move.client,
        move.rule,
    )
