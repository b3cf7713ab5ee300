"""The newest figures, for pages, API, sockets and gate.

Takes frames from `DATA_DIR/book`; gives rows and sums. A frame is read once per change of its file and kept
in this process. Computes no margin, and decides nothing about who may see a row: callers pass desks.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from margin.book.frame import Frame, book_folder, decode, frame_path, rows_of
from margin.engine.figures import Level

Stamp = tuple[int, int, int]
_kept: dict[Path, tuple[Stamp, Frame | None]] = {}

FAR = Decimal("Infinity")
SUMMED = ("clients", "accounts", "positions", "unknown")
ADDED = ("equity", "initial", "maintenance", "house_maintenance", "gross", "net")


def newest_frame(shard: int) -> Frame | None:
    """The shard's newest frame, or None while there is none (no run yet, or a file that cannot be read)."""
    return _frame_at(frame_path(shard))


def frames() -> list[Frame]:
    """The newest frame of every shard, by shard number."""
    found = [_frame_at(path) for path in book_folder().glob("shard-*.frame")]
    return sorted((frame for frame in found if frame is not None), key=lambda frame: frame.shard)


def _frame_at(path: Path) -> Frame | None:
    try:
        seen = path.stat()
        stamp = (seen.st_mtime_ns, seen.st_ino, seen.st_size)
        if path in _kept and _kept[path][0] == stamp:
            return _kept[path][1]
        data = path.read_bytes()
    except OSError:
        _kept.pop(path, None)
        return None
    try:
        frame = decode(data)
    except msgspec.DecodeError:
        frame = None  # torn by a power cut, or of another version: the next run writes it anew
    _kept[path] = (stamp, frame)
    return frame


def account_rows(desks: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """One row a sub-account, of these desks (None: all), in trouble order."""
    wanted = None if desks is None else set(desks)
    rows = [
        row | {"run": frame.run, "seq": frame.seq, "at": frame.at}
        for frame in frames()
        for row in rows_of(frame.accounts)
        if wanted is None or row["desk"] in wanted
    ]
    return sorted(rows, key=trouble)  # frames are sorted already: a merge


def account_row(account: str) -> dict[str, Any] | None:
    """The row of one sub-account."""
    for frame in frames():
        codes = frame.accounts.get("account", [])
        if account in codes:
            place = codes.index(account)
            row = {name: values[place] for name, values in frame.accounts.items()}
            return row | {"run": frame.run, "seq": frame.seq, "at": frame.at}
    return None


def position_rows(account: str) -> list[dict[str, Any]]:
    """The positions of one sub-account, by ref."""
    for frame in frames():
        if account in frame.accounts.get("account", []):
            return [row for row in rows_of(frame.positions) if row["account"] == account]
    return []


def prices() -> dict[str, dict[str, Any]]:
    """Every instrument's mark as last used, by code."""
    return {
        code: msgspec.to_builtins(price)
        for frame in sorted(frames(), key=lambda frame: frame.at)
        for code, price in frame.prices.items()
    }


def desk_summary(desk: str) -> dict[str, Any] | None:
    """The desk over all shards that carry it: sums of their newest parts, dated by the oldest of them."""
    parts = [(frame, frame.desks[desk]) for frame in frames() if desk in frame.desks]
    if not parts:
        return None
    oldest = min((frame for frame, _ in parts), key=lambda frame: frame.at)
    own = [part for _, part in parts]
    summary: dict[str, Any] = {name: sum(part[name] for part in own) for name in SUMMED}
    summary |= {name: str(sum((Decimal(part[name]) for part in own), Decimal(0))) for name in ADDED}
    summary["levels"] = {level: sum(part["levels"][level] for part in own) for level in own[0]["levels"]}
    times = [part["oldest_price"] for part in own if part["oldest_price"]]
    return summary | {
        "desk": desk,
        "currency": own[0]["currency"],
        "oldest_price": min(times, default=None),
        "run": oldest.run,
        "seq": oldest.seq,
        "at": oldest.at,
        "parts": {
            str(frame.shard): {"seq": frame.seq, "run": frame.run, "at": frame.at} for frame, _ in parts
        },
    }


OVER, MISSING, NEAR = "over", "missing", "near"
"""The `cap_state` of who is above a cap, has none though one is required, or is close to one."""
FIRST = {Level.LIQUIDATION.word: 0, Level.UNKNOWN.word: 1, Level.MARGIN_CALL.word: 2}
"""Whatever the distance: what is to be closed, what nobody can tell, what breaks a rule now."""


def trouble(row: Mapping[str, Any]) -> tuple[int, Decimal, Decimal, str]:
    """Sort key: liquidations, the unknown, calls and broken caps, the rest; each by distance, then by use."""
    first = FIRST.get(row["level"], 2 if row["cap_state"] in (OVER, MISSING) else 3)
    distance = row["distance"]
    use = row["utilisation"]
    return (
        first,
        FAR if distance is None else Decimal(distance),
        -FAR if use is None else -Decimal(use),
        row["account"],
    )
