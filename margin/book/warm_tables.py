"""The rules of a house revision as tables that compiled code reads, for a shard in columns.

Takes rules; gives them by row of instrument, asset, base and desk. Terms that columns cannot carry are
flagged, so that whoever holds such an instrument is decided exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from accounts.models import Asset
from margin.book.applies import Buffers
from margin.book.facts import AccountFact, Rules
from margin.engine import columns as engine
from margin.engine.columns import MOST_HAIRCUTS, MOST_TIERS
from margin.engine.rational import Fraction
from margin.engine.tiers import Schedule, Tier
from margin.engine.types import ONE, AssetTerms, Instrument

PLAIN = Schedule((Tier(Fraction(0), ONE, ONE),))
"""Stands in for terms that the columns cannot carry; whoever holds such an instrument is decided exactly."""


@dataclass(frozen=True, slots=True)
class WarmTables:
    """The rules of one house revision as tables. `carried` is by instrument, `counted` by asset."""

    rules: engine.Rules
    instruments: tuple[Instrument, ...]
    terms: dict[str, AssetTerms]
    row_of: dict[int, int]
    """By the instrument's id."""
    asset_ids: dict[str, int]
    bases: tuple[str, ...]
    desks: tuple[int, ...]
    leverages: tuple[Fraction, ...]
    carried: NDArray[np.bool_]
    counted: NDArray[np.bool_]


def tables_of(rules: Rules, leverages: list[Fraction]) -> WarmTables:
    guarded = {own.id: code for code, own in rules.guarded.items()}
    some = next(iter(rules.scales))
    instruments: list[Instrument] = []
    row_of: dict[int, int] = {}
    carried: list[bool] = []
    for number, code in sorted(guarded.items(), key=lambda one: one[1]):
        own = rules.instruments.get(number)
        fits = own is not None and len(own.schedule.tiers) <= MOST_TIERS and _is_sound(own)
        row_of[number] = len(instruments)
        instruments.append(
            own if own is not None and fits else _stands_in(own or Instrument(code, PLAIN, some))
        )
        carried.append(fits)
    terms = {code: rules.terms.get(code, AssetTerms(code)) for code in rules.scales}
    fitting = {c: t if len(t.haircuts.tiers) <= MOST_HAIRCUTS else AssetTerms(c) for c, t in terms.items()}
    counted = [code in rules.terms and fitting[code] is terms[code] for code in terms]
    desks = tuple(rules.desks)
    made = engine.rules_of(
        instruments, list(fitting.values()), leverages, [rules.desks[desk].policy for desk in desks]
    )
    return WarmTables(
        rules=made,
        instruments=tuple(instruments),
        terms=fitting,
        row_of=row_of,
        asset_ids=dict(Asset.objects.values_list("code", "pk")),
        bases=tuple(sorted({fact.base for fact in rules.accounts.values()})),
        desks=desks,
        leverages=tuple(leverages),
        carried=np.array(carried, dtype=np.bool_),
        counted=np.array(counted, dtype=np.bool_),
    )


def _stands_in(own: Instrument) -> Instrument:
    """With its name, class and loading, so that caps on parts of a book find it."""
    plain = Instrument(own.code, PLAIN, own.settlement, underlying=own.underlying)
    return replace(plain, loading=own.loading, cap_class=own.cap_class)


def _is_sound(instrument: Instrument) -> bool:
    """What the engine's borders would refuse, and an entry below zero where none can be."""
    return instrument.contract_size > 0 and instrument.reference_price >= 0 and instrument.buffer >= 0


def buffers_of(rules: Rules, buffers: Buffers, facts: Iterable[AccountFact]) -> list[float]:
    """Worked out once a client, and again for those with one of their own."""
    own = {fact.sub_account_id for fact in rules.buffers if fact.sub_account_id is not None}
    by_client: dict[int, float] = {}
    found = []
    for fact in facts:
        if fact.id in own:
            found.append(float(buffers.of(fact).buffer))
            continue
        if fact.client_id not in by_client:
            by_client[fact.client_id] = float(buffers.of(fact).buffer)
        found.append(by_client[fact.client_id])
    return found
