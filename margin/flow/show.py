"""Figures into rows: what pages, API and sockets will read, rounded once.

Takes the figures of a run; gives the frame's rows. Requirements and utilisation round up, equity down,
prices towards the mark, never across a line that was decided exactly. Decides nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from margin.book.facts import Rules
from margin.book.marks import Pinned, text_of
from margin.book.read import trouble
from margin.engine import shown
from margin.engine.distance import Distance
from margin.engine.figures import AccountFigures, Level
from margin.engine.limits import Cap
from margin.engine.liquidation import HurtPrices
from margin.engine.rational import Fraction
from margin.engine.risk import Risk, bands
from margin.engine.types import ONE, ZERO, Instrument, Policy
from margin.flow.cap_states import WITHIN
from margin.flow.clients import CapUse, ClientFigures
from margin.flow.recompute import Computed, Measured

RATE_PLACES = 6
FREE = "open"
"""The control of every account as far as a run knows: what is imposed is laid over it when it is shown."""
MONEY = ("equity", "initial", "maintenance", "house_maintenance", "gross", "net", "free_margin")
SHARES = ("utilisation", "leverage", "cap_use")
AHEAD = ("distance", "distance_down", "distance_up", "next_level", "next", "next_down", "next_up")
NOT_FIRM = dict.fromkeys((*MONEY, *SHARES, *AHEAD))
"""What nobody can tell of an account whose level is unknown: it differs between the ends."""
ON_A_MARK = ("notional", "unrealised_pnl", "maintenance", "liquidation_price")


def account_rows(
    computed: Computed,
    clients: Mapping[int, ClientFigures],
    uses: Mapping[int, CapUse],
    states: Mapping[int, str],
) -> list[dict[str, Any]]:
    """One row a sub-account, in trouble order."""
    rows = [
        _account_row(computed, measured, clients[measured.fact.client_id], uses[account_id])
        | {"cap_state": states.get(account_id, WITHIN)}
        | (NOT_FIRM if measured.figures.level is Level.UNKNOWN else {})
        for account_id, measured in computed.accounts.items()
    ]
    return sorted(rows, key=trouble)


def _account_row(
    computed: Computed, measured: Measured, client: ClientFigures, use: CapUse
) -> dict[str, Any]:
    rules, fact, figures = computed.book.rules, measured.fact, measured.figures
    desk = rules.desks[client.client.desk_id]
    places = rules.scales[fact.base]
    return {
        "account": fact.code,
        "name": fact.name,
        "client": client.client.code,
        "client_name": client.client.name,
        "desk": desk.code,
        "mode": fact.mode,
        "currency": fact.base,
        **_money(figures, places),
        "utilisation": _share(figures.utilisation, [*_bands(desk.policy), ONE]),
        "level": figures.level.word,
        "bounded": figures.bounded,
        "unknown_because": "; ".join(figures.unknown_because) or None,
        "binding_pool": figures.binding_pool,
        "control": FREE,
        "leverage": _share(figures.leverage, [use.cap.limit] if use.cap else []),
        "cap": plain(use.cap.limit) if use.cap else None,
        "cap_name": use.cap.name if use.cap else "missing",
        "cap_use": _share(use.use, _cap_lines(use.cap)),
        **_distances(measured),
        "positions": len(figures.positions),
        **_oldest(computed.pinned, [row.instrument for row in figures.positions]),
    }


SERIES = ("equity", "maintenance", "house_maintenance", "utilisation", "leverage", "level", "bounded")


def series_row(figures: AccountFigures | None, policy: Policy, places: int) -> dict[str, Any]:
    """A point of one account's history: nothing but that it is unknown, where it is."""
    if figures is None or figures.level is Level.UNKNOWN:
        return dict.fromkeys(SERIES) | {"level": Level.UNKNOWN.word, "bounded": False}
    found = _money(figures, places) | {
        "utilisation": _share(figures.utilisation, [*_bands(policy), ONE]),
        "leverage": _share(figures.leverage, []),
        "level": figures.level.word,
        "bounded": figures.bounded,
    }
    return {name: found[name] for name in SERIES}


def _money(figures: AccountFigures, places: int) -> dict[str, str | None]:
    """The account's sums. None where any part is unknown."""
    sums = (figures.equity, figures.initial, figures.maintenance, figures.house_maintenance)
    equity, initial, maintenance, house = sums
    if equity is None or initial is None or maintenance is None or house is None:
        return dict.fromkeys(MONEY)
    risk = shown.risk(Risk(equity, initial, maintenance, house), places)
    return {
        "equity": f"{risk.equity:f}",
        "initial": f"{risk.initial:f}",
        "maintenance": f"{risk.maintenance:f}",
        "house_maintenance": f"{risk.house:f}",
        "gross": f"{shown.up(figures.gross or ZERO, places):f}",
        "net": f"{shown.down(figures.net or ZERO, places):f}",
        "free_margin": f"{shown.down(figures.free_margin or ZERO, places):f}",
    }


def _bands(policy: Policy) -> list[Fraction]:
    return [share for _, share in bands(policy)]


def _cap_lines(cap: Cap | None) -> list[Fraction]:
    return [cap.warn_at, ONE] if cap else []


def _share(number: Fraction | None, lines: Sequence[Fraction]) -> str | None:
    return None if number is None else f"{shown.share(number, lines, RATE_PLACES):f}"


def plain(number: Fraction) -> str:
    """All digits there are, at most eighteen behind the point."""
    return text_of(shown.up(number, 18)) or "0"


def _distances(measured: Measured) -> dict[str, str | None]:
    found = measured.distances
    upcoming = found.next_level
    return {
        "distance": _shock(found.liquidation.nearest),
        **_both("distance", found.liquidation),
        "next_level": upcoming.word if upcoming is not None else None,
        "next": _shock(found.next_event.nearest),
        **_both("next", found.next_event),
    }


def _both(name: str, distance: Distance) -> dict[str, str | None]:
    return {f"{name}_down": _shock(distance.down), f"{name}_up": _shock(distance.up)}


def _shock(shock: Fraction | None) -> str | None:
    """Towards zero: shown a little too near, never too far."""
    if shock is None:
        return None
    number = shown.up(shock, RATE_PLACES) if shock < 0 else shown.down(shock, RATE_PLACES)
    return f"{number:f}" if number else f"{shown.up(ZERO, RATE_PLACES):f}"


def _oldest(pinned: Mapping[str, Pinned], codes: Sequence[str]) -> dict[str, str | None]:
    """When the oldest price is from, and how it stands: one of a closed market may be old."""
    prices = [pinned[code] for code in codes if code in pinned]
    dated = [(price.time.isoformat(), price.state.value) for price in prices if price.time is not None]
    time, state = min(dated, default=(None, None))
    return {"price_time": time, "price_state": state}


def position_rows(computed: Computed) -> list[dict[str, Any]]:
    """One row a position, by account and ref."""
    return [
        row
        for measured in sorted(computed.accounts.values(), key=lambda measured: measured.fact.code)
        for row in _positions_of(computed, measured)
    ]


def _positions_of(computed: Computed, measured: Measured) -> list[dict[str, Any]]:
    rules = computed.book.rules
    places = rules.scales[measured.fact.base]
    levels = {pool.pool: pool.level for pool in measured.figures.pools}
    facts = {fact.ref: fact for fact in computed.book.facts_of(measured.fact.id)}
    rows: list[dict[str, Any]] = []
    for figures in sorted(measured.figures.positions, key=lambda row: row.ref):
        fact = facts[figures.ref]
        rows.append(
            {
                "account": measured.fact.code,
                "ref": figures.ref,
                "instrument": figures.instrument,
                "mode": fact.mode.value,
                "quantity": plain(fact.quantity),
                "entry_price": plain(fact.entry_price),
                "mark": None if figures.mark is None else plain(figures.mark),
                "notional": _up(figures.notional, places),
                "unrealised_pnl": _down(figures.unrealised_pnl, places),
                "maintenance": _up(figures.maintenance, places),
                "liquidation_price": _liquidation(
                    rules, figures.instrument, figures.mark, measured.hurt.get(figures.ref)
                ),
                "pool": figures.pool,
                "pool_level": levels.get(figures.pool, Level.UNKNOWN).word,
            }
        )
        if levels.get(figures.pool, Level.UNKNOWN) is Level.UNKNOWN:
            held = rules.instruments.get(fact.instrument_id)
            heard = computed.pinned.get(figures.instrument)
            rows[-1] |= _of_unknown(computed, measured.fact.base, held, heard)
    return rows


def _of_unknown(
    computed: Computed, base: str, held: Instrument | None, heard: Pinned | None
) -> dict[str, str | None]:
    """Of a pool that nobody can tell: no price that hurts it; of what is in doubt itself the last price that
    was heard, and nothing that rests on an end. A position whose own price and rate are sure stays told;
    one whose instrument has no terms in force (None) never is."""
    if held is not None and heard is not None and not heard.state.in_doubt:
        rate = computed.markets.seen_from(base).rates.get(held.settlement)
        if held.settlement == base or (rate is not None and not rate.state.in_doubt):
            return {"liquidation_price": None}
    return {"mark": text_of(heard.mark) if heard else None} | dict.fromkeys(ON_A_MARK)


def _up(number: Fraction | None, places: int) -> str | None:
    return None if number is None else f"{shown.up(number, places):f}"


def _down(number: Fraction | None, places: int) -> str | None:
    return None if number is None else f"{shown.down(number, places):f}"


def _liquidation(rules: Rules, instrument: str, mark: Fraction | None, hurt: HurtPrices | None) -> str | None:
    if hurt is None or hurt.liquidation.price is None or mark is None:
        return None
    places = rules.guarded[instrument].price_places
    return f"{shown.price(hurt.liquidation.price, mark, places):f}"
