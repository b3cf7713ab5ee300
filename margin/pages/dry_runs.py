"""A dry run as texts for its page. Takes a `DryRun`; gives a dictionary; computes only shares of bars."""

from typing import Any

from margin import formats
from margin.engine.figures import WORST_FIRST, Finding, Level
from margin.engine.measures import UNITS, Unit
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.shown import down, up
from margin.models import Breach
from margin.whatif.moves import CapMove, DryRun, PoolMove, Sums

MOST = 60


def shown(run: DryRun) -> dict[str, Any]:
    """Everything the fragment shows; long lists are cut, and their whole length is said."""
    caps = [move for move in run.caps if move.is_broken or move.is_kept_again or move.is_near]
    return {
        "run": run,
        "seconds": f"{run.milliseconds / 1000:.2f}",
        "broken": len(run.broken),
        "kept_again": len(run.kept_again),
        "near": len(run.near),
        "called": len(run.called),
        "released": len(run.released),
        "caps": [_cap(move) for move in caps[:MOST]],
        "more_caps": max(0, len(caps) - MOST),
        "pools": [_pool(move) for move in run.pools[:MOST]],
        "more_pools": max(0, len(run.pools) - MOST),
        "sums": [_sums(sums) for sums in run.sums],
        "nothing": not run.caps and not run.pools,
        "calm": not (run.broken or run.called or run.kept_again or run.released or run.near),
    }


def _cap(move: CapMove) -> dict[str, Any]:
    word = ("liquidation", "Would break") if move.is_broken else ("normal", "Kept again")
    if not move.is_broken and not move.is_kept_again:
        word = ("danger", "Would be near")
    finding = move.after or move.before
    return {
        "rule": Breach.Rule(move.rule).label,
        "client": move.client,
        "account": move.account,
        "instrument": move.instrument,
        "measured": _measure(move, finding.measured if finding else None),
        "before": _cap_of(move, move.before),
        "after": _cap_of(move, move.after),
        "binding": finding.binding if finding else "",
        "use": formats.percent(None if move.use is None else f"{up(move.use, 6):f}"),
        "level": word[0],
        "word": word[1],
    }


def _cap_of(move: CapMove, finding: Finding | None) -> str:
    if finding is None or finding.limit is None:
        return "none"
    return _measure(move, finding.limit)


def _measure(move: CapMove, number: Fraction | None) -> str:
    if number is None:
        return formats.NONE
    unit = UNITS[move.kind] if move.kind is not None else Unit.MONEY
    if unit is Unit.TIMES:
        return formats.times(f"{up(number, 4):f}", 4)
    if unit is Unit.SHARE:
        return formats.percent(f"{up(number, 6):f}", 2)
    return f"{formats.whole_up(f'{up(number, 2):f}')} {move.currency}"


def _pool(move: PoolMove) -> dict[str, Any]:
    return {
        "client": move.client,
        "account": move.account,
        "pool": "cross" if move.pool == CROSS else formats.named(move.pool),
        "currency": move.currency,
        "equity": _money(move.equity, move.places, upwards=False),
        "before": _money(move.house[0], move.places, upwards=True),
        "after": _money(move.house[1], move.places, upwards=True),
        "more": _signed(move.more, move.places),
        "worse": move.more > 0,
        "deposit": _money(move.deposit, move.places, upwards=True) if move.deposit is not None else "",
        "levels": [{"level": level.word, "word": level.label} for level in move.level],
        "moved": move.level[0] is not move.level[1],
    }


def _sums(sums: Sums) -> dict[str, Any]:
    house = [formats.money(f"{up(part, sums.places):f}") for part in sums.house]
    share = None if not sums.house[0] else f"{up(sums.more / sums.house[0], 6):f}"
    return {
        "desk": sums.desk,
        "currency": sums.currency,
        "before": house[0],
        "after": house[1],
        "more": _signed(sums.more, sums.places),
        "worse": sums.more > 0,
        "share": formats.signed_percent(share) if sums.more else "",
        "levels": [_level(sums, level) for level in WORST_FIRST if any(side[level] for side in sums.levels)],
    }


def _level(sums: Sums, level: Level) -> dict[str, Any]:
    before, after = sums.levels[0][level], sums.levels[1][level]
    return {
        "level": level.word,
        "word": level.label,
        "before": before,
        "after": after,
        "moved": before != after,
    }


def _money(amount: Fraction | None, places: int, *, upwards: bool) -> str:
    return formats.money(None if amount is None else f"{(up if upwards else down)(amount, places):f}")


def _signed(amount: Fraction, places: int) -> str:
    text = formats.money(f"{up(abs(amount), places):f}")
    return f"+{text}" if amount > 0 else f"{formats.MINUS}{text}" if amount < 0 else "no change"
