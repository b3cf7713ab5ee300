"""House-wide facts out of PostgreSQL: who, what is traded, under which rules.

Takes a shard and a house revision, inside a snapshot; gives `Rules`. Versions are chosen by revision, never
by time: a run of the past reads what was in force then. Nouns are read as they are, or inside `past.nouns_at`
as they were. What cannot be used is named in `faults` and left out; it never stops the others.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.models import Asset, Client, Desk, HouseBuffer, SubAccount
from margin.book.facts import AccountFact, BufferFact, ClientFact, DeskFact, ExcessFact, LimitFact, Rules
from margin.book.load_market import in_force, load_edges, load_instruments, load_terms, optional
from margin.engine.call import CallPolicy
from margin.engine.measures import any_kind
from margin.engine.rational import Fraction
from margin.engine.types import AtThreshold, Offsets, Policy
from margin.models import DeskPolicy, Limit, TemporaryExcess


def load_rules(shard: int, revision: int, *, now: datetime, client: int | None = None) -> Rules:
    """Everything under the house's counter that this shard, or one client of it, needs."""
    faults: dict[str, str] = {}
    clients = _clients(shard, client)
    instruments, guarded = load_instruments(revision, faults)
    return Rules(
        revision=revision,
        desks=_desks(revision),
        clients=clients,
        accounts=_accounts(shard, client),
        instruments=instruments,
        guarded=guarded,
        terms=load_terms(revision, faults),
        scales=dict(Asset.objects.values_list("code", "scale")),
        buffers=load_buffers(revision),
        limits=load_limits(revision, now),
        edges=load_edges(),
        faults=faults,
        excesses=load_excesses(revision),
    )


def _desks(revision: int) -> dict[int, DeskFact]:
    policies = {p.desk_id: p for p in DeskPolicy.objects.filter(in_force(revision))}
    rows = Desk.objects.select_related("reporting_currency").order_by("id")
    return {
        row.pk: DeskFact(
            row.pk,
            row.code,
            row.reporting_currency.code,
            _policy(policies.get(row.pk)),
            _calls(policies.get(row.pk)),
        )
        for row in rows
    }


def policy_of(desk: Desk) -> Policy:
    """How a desk reads its figures now, for pages that draw its bands."""
    return _policy(DeskPolicy.objects.filter(desk=desk, revision_to__isnull=True).first())


def call_policy_of(desk: Desk) -> CallPolicy:
    """How a desk calls now, for who issues a call by hand."""
    return _calls(DeskPolicy.objects.filter(desk=desk, revision_to__isnull=True).first())


def _policy(row: DeskPolicy | None) -> Policy:
    if row is None:
        return Policy()
    return Policy(
        watch=Fraction(row.watch),
        at_risk=Fraction(row.at_risk),
        danger=Fraction(row.danger),
        target=Fraction(row.target),
        at_threshold=AtThreshold(row.at_threshold),
        offsets=Offsets(row.offsets),
    )


def _calls(row: DeskPolicy | None) -> CallPolicy:
    if row is None:
        return CallPolicy()
    return CallPolicy(
        minimum=Fraction(row.call_minimum),
        intraday=timedelta(minutes=row.call_minutes),
        urgent=timedelta(minutes=row.urgent_call_minutes),
        issue_after=timedelta(minutes=row.issue_after_minutes),
    )


def _clients(shard: int, only: int | None) -> dict[int, ClientFact]:
    rows = Client.objects.filter(shard=shard).order_by("id")
    if only is not None:
        rows = rows.filter(pk=only)
    return {row.pk: ClientFact(row.pk, row.code, row.name, row.desk_id, row.regulatory_class) for row in rows}


def _accounts(shard: int, client: int | None) -> dict[int, AccountFact]:
    rows = SubAccount.objects.filter(client__shard=shard).select_related("base_currency").order_by("code")
    if client is not None:
        rows = rows.filter(client=client)
    return {
        row.pk: AccountFact(
            row.pk, row.code, row.name, row.client_id, row.default_mode, row.base_currency.code
        )
        for row in rows
    }


def load_buffers(revision: int) -> list[BufferFact]:
    rows = HouseBuffer.objects.filter(in_force(revision)).order_by("id")
    return [
        BufferFact(row.desk_id, row.regulatory_class, row.client_id, row.sub_account_id, optional(row.buffer))
        for row in rows
    ]


def load_limits(revision: int, now: datetime) -> list[LimitFact]:
    """Those in force, and where one of them is not effective yet, those it will take over from."""
    rows = Limit.objects.select_related("instrument").order_by("id")
    current = rows.filter(in_force(revision))
    places = {_place(row) for row in current if row.valid_at > now}
    older: Iterable[Limit] = ()
    if places:
        ended = rows.filter(revision_from__lte=revision, revision_to__lte=revision)
        older = (row for row in ended if _place(row) in places)
    return [_limit(row) for row in (*older, *current)]


def load_excesses(revision: int) -> list[ExcessFact]:
    rows = TemporaryExcess.objects.filter(in_force(revision)).order_by("id")
    return [
        ExcessFact(
            row.pk,
            row.desk_id,
            row.client_id,
            any_kind(row.kind),
            Fraction(row.value),
            row.valid_at,
            row.valid_to,
        )
        for row in rows
    ]


def _place(row: Limit) -> tuple[object, ...]:
    return _limit(row).place


def _limit(row: Limit) -> LimitFact:
    return LimitFact(
        id=row.pk,
        revision=row.revision_from,
        desk_id=row.desk_id,
        kind=any_kind(row.kind),
        scope=row.scope,
        regulatory_class=row.regulatory_class,
        client_id=row.client_id,
        sub_account_id=row.sub_account_id,
        instrument=row.instrument.code if row.instrument else "",
        cap_class=row.cap_class,
        warn=optional(row.warn),
        value=Fraction(row.value),
        valid_at=row.valid_at,
        valid_to=row.valid_to,
    )
