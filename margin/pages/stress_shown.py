"""A stressed book as its page shows it: takes the result, gives texts and shares of bars."""

from collections.abc import Sequence
from typing import Any

from accounts.models import Desk
from margin import formats
from margin.engine.cascade import Closing
from margin.engine.figures import WORST_FIRST, Level
from margin.engine.rational import Fraction
from margin.engine.shown import down, up
from margin.whatif.stress_book import ShardBook
from margin.whatif.stress_words import Round, rounds
from margin.whatif.stressed import ClientResult, Stressed

MOST_CLIENTS = 40
MOST_MOVES = 40
MOST_CLOSINGS = 8


def shown(desk: Desk, parts: Sequence[ShardBook], found: Stressed) -> dict[str, Any]:
    hurt = [
        one for one in found.clients if one.loss or one.shortfall or one.level_after is not one.level_before
    ]
    most = max((abs(one.loss) for one in hurt if one.loss is not None), default=Fraction(0))
    before, after = found.levels(after=False), found.levels(after=True)
    return {
        "title": found.asked.scenario.title,
        "about": found.asked.scenario.preset.about if found.asked.scenario.preset else "",
        "currency": desk.reporting_currency.code,
        "at": min(part.run.at for part in parts if part.run.at),
        "runs": [part.run for part in parts],
        "tiles": _tiles(found),
        "levels": [(level.word, level.label, before[level], after[level]) for level in WORST_FIRST],
        "clients": [_client(one, most) for one in hurt[:MOST_CLIENTS]],
        "more_clients": max(0, len(hurt) - MOST_CLIENTS),
        "untouched": len(found.clients) - len(hurt),
        "moves": _moves(parts, found),
        "rounds": [_round(one, _largest(found)) for one in rounds(found.cascade)],
        "is_quiet": found.cascade.is_quiet,
        "sides": _sides(found),
        "left_out": found.left_out,
    }


def _tiles(found: Stressed) -> dict[str, Any]:
    new = {level: len(found.result.at(level)) for level in (Level.MARGIN_CALL, Level.LIQUIDATION)}
    cascade = found.cascade
    largest = cascade.share_of_largest()
    return {
        "calls": new[Level.MARGIN_CALL],
        "liquidations": new[Level.LIQUIDATION],
        "negative": found.negative,
        "house_loss": _up(found.result.house_loss),
        "isolated": _up(found.shortfall(isolated=True)),
        "cross": _up(found.shortfall(isolated=False)),
        "cascade_loss": _up(cascade.house_loss),
        "fund_used": _up(cascade.fund_used) if cascade.fund_used else "",
        "closed": len(cascade.closings),
        "largest": formats.percent(None if largest is None else f"{float(largest):.6f}", 0),
        "unknown": len(found.result.unknown),
    }


def _sides(found: Stressed) -> list[dict[str, Any]]:
    """What walls cost and save: the house's loss as the book stands, and in one pool."""
    isolated, cross = found.shortfall(isolated=True), found.shortfall(isolated=False)
    most = max(isolated + cross, found.all_cross)
    rows = (
        ("As the book stands", isolated + cross, f"{_up(cross)} cross, {_up(isolated)} isolated pockets"),
        ("All in one pool", found.all_cross, "every pocket open to the wallet behind it"),
    )
    return [
        {"name": name, "loss": _up(loss), "about": about, "use": _part(loss, most)}
        for name, loss, about in rows
    ]


def _client(one: ClientResult, most: Fraction) -> dict[str, Any]:
    return {
        "code": one.client,
        "before": (one.level_before.word, one.level_before.label),
        "after": (one.level_after.word, one.level_after.label),
        "had": formats.NONE if one.before is None else _down(one.before),
        "has": formats.NONE if one.after is None else _down(one.after),
        "loss": _loss(one.loss),
        "gains": one.loss is not None and one.loss < 0,
        "use": _part(abs(one.loss), most) if one.loss is not None else "0",
        "shortfall": _up(one.shortfall) if one.shortfall else "",
    }


def _loss(loss: Fraction | None) -> str:
    if loss is None:
        return formats.NONE
    return f"+{_down(-loss)} gained" if loss < 0 else _up(loss)


def _moves(parts: Sequence[ShardBook], found: Stressed) -> list[dict[str, Any]]:
    pinned = {code: price for part in parts for code, price in part.pinned.items()}
    largest = sorted(found.moves.items(), key=lambda one: (-abs(one[1].share), one[0]))
    return [
        {
            "code": code,
            "share": formats.signed_percent(f"{float(move.share):.6f}", 1),
            "falls": move.share < 0,
            "because": move.because,
            "before": formats.short(pinned[code].mark) if code in pinned else formats.NONE,
            "after": formats.short(_after(pinned[code].mark, move.share)) if code in pinned else formats.NONE,
        }
        for code, move in largest[:MOST_MOVES]
    ]


def _after(mark: Any, share: Fraction) -> str | None:
    return None if mark is None else f"{down(Fraction(mark) * (1 + share), 8):f}"


def _largest(found: Stressed) -> Fraction:
    return max((one.notional for one in rounds(found.cascade)), default=Fraction(0))


def _round(one: Round, most: Fraction) -> dict[str, Any]:
    first = sorted(one.closings, key=lambda closing: (closing.equity, closing.account))
    return {
        "number": one.number,
        "count": len(one.closings),
        "notional": _up(one.notional),
        "use": _part(one.notional, most),
        "shortfall": _up(one.shortfall) if one.shortfall else "",
        "moves": [(code, formats.signed_percent(f"{float(move):.6f}", 2)) for code, move in one.moves[:4]],
        "closings": [_closing(closing) for closing in first[:MOST_CLOSINGS]],
        "more": max(0, len(first) - MOST_CLOSINGS),
    }


def _closing(closing: Closing) -> dict[str, Any]:
    return {
        "account": closing.account,
        "pool": formats.named(closing.pool),
        "notional": _up(closing.notional),
        "equity": _down(closing.equity),
        "short": closing.equity < 0,
    }


def _up(amount: Fraction) -> str:
    return formats.whole_up(f"{up(amount, 2):f}")


def _down(amount: Fraction) -> str:
    return formats.whole_down(f"{down(amount, 2):f}")


def _part(amount: Fraction, most: Fraction) -> str:
    return f"{float(amount / most):.4f}" if most else "0"
