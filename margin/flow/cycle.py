"""The cycle: one run of one shard. This is the only place that knows the order of the steps.

    1 feed        prices are in already, validated, doubt marked           margin.flow.feed
    2 recompute   book and marks of one snapshot into figures              margin.flow.recompute
    3 enforce     findings into breaches        ┐                          margin.flow.enforce, restrict
    4 alert       alerts, margin calls, letters │ one transaction          margin.flow.alert, calls
      finish      sequence number, or fenced off┘                          margin.flow.lease
    5 deliver     frame, then hints, after the commit                      margin.flow.deliver

Takes a shard and what triggered it; gives an outcome. Every step says one log line with the run's id.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from margin.book.applies import Caps
from margin.book.controls import load_controls
from margin.book.marks import pin_all
from margin.book.quotes import load_quotes
from margin.book.read import newest_frame
from margin.book.snapshot import snapshot
from margin.flow import runs, shelf
from margin.flow.alert import Told, alert
from margin.flow.awaited import awaiting_in
from margin.flow.calls import keep_calls
from margin.flow.compose_frame import Composed, compose_frame
from margin.flow.compute import compute
from margin.flow.deliver import deliver
from margin.flow.enforce import enforce
from margin.flow.findings import find
from margin.flow.imposed import with_control
from margin.flow.lease import Finished, Lease, LeaseLost, NotTaken, finish, give_back, take
from margin.flow.parking import is_over, park
from margin.flow.phrases import Scene
from margin.flow.recompute import Computed
from margin.flow.restrict import restrict
from margin.flow.runs import Work
from margin.flow.sift import to_be_found
from margin.flow.wanted import send_recompute
from margin.flow.watch_prices import watch_prices
from riskdesk.clock import now as clock_now

log = structlog.get_logger(__name__)
DATABASE_AWAY = (OperationalError, InterfaceError)


@dataclass(frozen=True, slots=True)
class CycleOutcome:
    """What became of a cycle: `committed`, or why there was none."""

    state: str
    run: str = ""
    seq: int = 0
    digest: str = ""


def run_cycle(
    *, shard: int, trigger: str, only_if_wanted: bool = False, mark: str | None = None
) -> CycleOutcome:
    """One run of the shard, if it is free (and, when asked so, if anybody, or that mark, still waits)."""
    lease = take(shard, only_if_wanted=only_if_wanted, mark=mark)
    if isinstance(lease, NotTaken):
        if lease is NotTaken.EXHAUSTED:
            park(shard)  # without it nobody would ever try again while the reconciler is away
        log.info("cycle.skipped", shard=shard, trigger=trigger, reason=lease.value)
        return CycleOutcome(lease.value)
    try:
        with _held(lease), runs.begun(lease, trigger) as work:
            return _steps(lease, work)
    except LeaseLost:
        log.warning("cycle.fenced_off", shard=shard, trigger=trigger)
        return CycleOutcome("fenced_off")


@contextmanager
def _held(lease: Lease) -> Iterator[None]:
    """Whatever happens inside, the shard is free afterwards and no half-moved book stays behind."""
    try:
        yield
    except BaseException as fault:
        shelf.forget(lease.shard)
        if not isinstance(fault, LeaseLost):
            away = isinstance(fault, DATABASE_AWAY)
            if away:
                connection.close_if_unusable_or_obsolete()  # over one that died nothing is given back
            give_back(lease, counted=not away)
        raise


def _steps(lease: Lease, work: Work) -> CycleOutcome:
    now = clock_now()
    computed = _recompute(lease, work, now)
    with work.step("compose"):
        composed = compose_frame(computed, Caps(computed.book.rules, now), run=work.run)
        work.count(accounts=len(computed.accounts), positions=composed.positions, unknown=composed.unknown)
    finished, told = _commit(lease, work, computed, composed, now=now)
    with work.step("deliver"):
        frame = with_control(composed.frame(finished.seq), load_controls(), now)
        deliver(frame, alerts=bool(told.raised or told.resolved))
    if finished.wanted is not None:
        send_recompute(lease.shard, "again", finished.wanted)
    return CycleOutcome("committed", str(work.run.pk), finished.seq, composed.digest)


def _recompute(lease: Lease, work: Work, now: datetime) -> Computed:
    """Facts and quotes of one snapshot; then no database until all figures stand."""
    with work.step("load"), snapshot(lease.shard) as reached:
        book, changed = shelf.current(lease.shard, reached, now=now)
        quotes = load_quotes()
        work.count(changed=changed)
    with work.step("recompute"):
        pinned = pin_all(book.rules.guarded.values(), quotes, now)
        return compute(
            book,
            pinned,
            now,
            keep_alive=lease.keep_alive,
            memory=shelf.memory_of(lease.shard),
            room=shelf.room_of(book),
        )


def _commit(
    lease: Lease, work: Work, computed: Computed, composed: Composed, *, now: datetime
) -> tuple[Finished, Told]:
    """Breaches, alerts, letters and the run stand together or not at all."""
    before = newest_frame(lease.shard)
    earlier = {code: price.mark for code, price in before.prices.items()} if before else {}
    with transaction.atomic():
        with work.step("enforce"):
            awaiting = awaiting_in(computed)
            seen = to_be_found(computed, composed, awaiting)
            found = find(seen.clients, seen.capped, awaiting=awaiting)
            done = enforce(found, run=work.run, shard=lease.shard, now=now, clients=seen.only)
            work.count(findings=len(found), changes=len(done))
        with work.step("alert"):
            told = alert(done, Scene(computed, earlier), run=work.run, now=now)
            told += watch_prices(computed, run=work.run, now=now)
            told += keep_calls(computed, run=work.run, now=now)
            work.count(alerts=told.raised, resolved=told.resolved, letters=told.letters)
            # last, for it locks the revisions of control, which people's deeds wait for
            work.count(restricted=restrict(done, run=work.run, now=now))
        finished = finish(lease)
        if lease.on_trial:
            told += is_over(lease.shard, now)
            log.info("shard.unparked", shard=lease.shard)
        runs.commit(work, computed, composed, seq=finished.seq, now=now)
    return finished, told
