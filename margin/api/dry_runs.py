"""A dry run in JSON: counts, sums, and the longest of each list. Takes a `DryRun`; computes nothing."""

from collections import Counter
from typing import Any

from margin.api.described import blanks, record, texts
from margin.api.output import plain
from margin.engine.figures import WORST_FIRST, Finding, Level
from margin.engine.rational import Fraction
from margin.engine.shown import down, up
from margin.whatif.moves import CapMove, DryRun, PoolMove, Sums

MOST = 500
PLACES = 6
COUNTS = ("broken", "near", "kept_again", "called", "released")
CAP = record(
    {
        **texts("rule", "client", "severity_before", "severity_after"),
        **blanks("account", "instrument", "currency", "measured", "allowed_before", "allowed_after"),
        **blanks("binding_before", "binding_after"),
    }
)
POOL = record(
    {
        **texts("client", "account", "pool", "currency", "level_before", "level_after", "more"),
        **blanks("equity", "house_before", "house_after", "deposit"),
    }
)
SUMS = record(
    {
        **texts("desk", "currency", "house_before", "house_after", "more"),
        "levels_before": {"type": "object"},
        "levels_after": {"type": "object"},
    }
)
GIVES_TRIED = record(
    {
        **texts("at"),
        "runs": {"type": "object"},
        **{name: {"type": "integer"} for name in ("accounts", "clients", "unknown")},
        "milliseconds": {"type": "number"},
        "counts": {"type": "object"},
        "caps": {"type": "array", "items": CAP},
        "pools": {"type": "array", "items": POOL},
        "sums": {"type": "array", "items": SUMS},
        "left_off": {"type": "object"},
    }
)


def tried(run: DryRun) -> dict[str, Any]:
    """Caps and pools worst first; `left_off` says how many are not listed."""
    return {
        "at": run.at,
        "runs": {str(shard): name for shard, name in run.runs.items()},
        "accounts": run.asked,
        "clients": run.clients,
        "unknown": run.unknown,
        "milliseconds": run.milliseconds,
        "counts": {name: len(getattr(run, name)) for name in COUNTS},
        "caps": [_cap(move) for move in run.caps[:MOST]],
        "pools": [_pool(move) for move in run.pools[:MOST]],
        "sums": [_sums(sums) for sums in run.sums],
        "left_off": {"caps": max(0, len(run.caps) - MOST), "pools": max(0, len(run.pools) - MOST)},
    }


def _cap(move: CapMove) -> dict[str, Any]:
    finding = move.after or move.before
    return {
        "rule": move.rule,
        "client": move.client,
        "account": move.account or None,
        "instrument": move.instrument or None,
        "currency": move.currency or None,
        "measured": _digits(finding.measured if finding else None, PLACES),
        "allowed_before": _allowed(move.before),
        "allowed_after": _allowed(move.after),
        "binding_before": move.before.binding or None if move.before else None,
        "binding_after": move.after.binding or None if move.after else None,
        "severity_before": move.before.severity.value if move.before else "not_asked",
        "severity_after": move.after.severity.value if move.after else "not_asked",
    }


def _allowed(finding: Finding | None) -> str | None:
    return _digits(finding.limit, 18) if finding else None


def _pool(move: PoolMove) -> dict[str, Any]:
    return {
        "client": move.client,
        "account": move.account,
        "pool": move.pool,
        "currency": move.currency,
        "equity": None if move.equity is None else f"{down(move.equity, move.places):f}",
        "level_before": move.level[0].word,
        "level_after": move.level[1].word,
        "house_before": _text(move.house[0], move.places),
        "house_after": _text(move.house[1], move.places),
        "more": f"{up(move.more, move.places):f}",
        "deposit": _text(move.deposit, move.places),
    }


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "desk": sums.desk,
        "currency": sums.currency,
        "house_before": _text(sums.house[0], sums.places),
        "house_after": _text(sums.house[1], sums.places),
        "more": f"{up(sums.more, sums.places):f}",
        "levels_before": _levels(sums.levels[0]),
        "levels_after": _levels(sums.levels[1]),
    }


def _levels(counted: Counter[Level]) -> dict[str, int]:
    return {level.word: counted[level] for level in WORST_FIRST}


def _digits(number: Fraction | None, places: int) -> str | None:
    """Without idle zeros: a leverage, a share, a cap as it was set."""
    return None if number is None else plain(up(number, places))


def _text(number: Fraction | None, places: int) -> str | None:
    return None if number is None else f"{up(number, places):f}"
