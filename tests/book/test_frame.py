"""A frame on disk is whole, newest, and read once per change."""

import os
from dataclasses import replace
from typing import Any

import pytest

from margin.book import read
from margin.book.frame import ACCOUNT_COLUMNS, Frame, ShownPrice, columns_of, frame_path, write_frame


def row(account: str, desk: str = "PRIME", **fields: Any) -> dict[str, Any]:
    blank = dict.fromkeys(ACCOUNT_COLUMNS)
    return blank | {"account": account, "desk": desk, "level": "normal"} | fields


def frame(seq: int = 1, shard: int = 1, rows: list[dict[str, Any]] | None = None, **fields: Any) -> Frame:
    accounts = columns_of(ACCOUNT_COLUMNS, rows or [row("ACME-1")])
    return Frame(
        f"run-{seq}", shard, seq, f"2026-03-02T12:00:{seq:02d}+00:00", "1", accounts=accounts, **fields
    )


def part(equity: str, oldest: str | None, **levels: int) -> dict[str, Any]:
    sums = dict.fromkeys(("initial", "maintenance", "house_maintenance", "gross", "net"), "1.50")
    counts = {"clients": 1, "accounts": 2, "positions": 3, "unknown": 0}
    return counts | sums | {"equity": equity, "currency": "USD", "oldest_price": oldest, "levels": levels}


def test_a_frame_is_read_as_it_was_written():
    written = frame(prices={"BTC-PERP": ShownPrice("60000", "fresh", "sim", "2026-03-02T12:00:00+00:00")})
    assert write_frame(written)
    assert read.newest_frame(1) == written


def test_an_older_run_never_overwrites_a_newer_one():
    assert write_frame(frame(7))
    assert not write_frame(frame(6))
    found = read.newest_frame(1)
    assert found is not None
    assert found.seq == 7


def test_a_new_file_is_seen_at_once_although_frames_are_kept():
    write_frame(frame(1))
    assert read.newest_frame(1) is read.newest_frame(1)
    write_frame(frame(2))
    found = read.newest_frame(1)
    assert found is not None
    assert found.seq == 2


def test_a_torn_file_is_no_frame_and_is_replaced_by_the_next_run():
    write_frame(frame(5))
    data = frame_path(1).read_bytes()
    frame_path(1).write_bytes(data[: len(data) // 2])
    assert read.newest_frame(1) is None
    assert read.frames() == []
    assert write_frame(frame(6))
    assert read.newest_frame(1) is not None


def test_a_failed_write_leaves_the_old_frame_and_no_litter(monkeypatch: pytest.MonkeyPatch):
    write_frame(frame(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("pathlib.Path.replace", full)
        with pytest.raises(OSError, match="No space"):
            write_frame(frame(2))
    assert sorted(os.listdir(frame_path(1).parent)) == ["shard-1.frame", "shard-1.lock"]


def test_rows_come_nearest_their_end_first_over_all_shards():
    write_frame(frame(1, rows=[row("FAR", distance="0.9"), row("SAFE", distance=None)]))
    worst = [
        row("NEAR", distance="0.01"),
        row("DARK", level="unknown"),
        row("GONE", level="liquidation", distance="0"),
    ]
    write_frame(frame(4, shard=2, rows=worst))
    assert [r["account"] for r in read.account_rows(["PRIME"])] == ["GONE", "DARK", "NEAR", "FAR", "SAFE"]


def test_what_breaks_a_rule_or_is_about_to_comes_first_and_each_group_by_distance():
    rows = [
        row("NEAR-CAP", distance=None, cap_state="near"),
        row("CLOSE", level="danger", distance="0.01", cap_state="within"),
        row("OVER-FAR", distance=None, cap_state="over"),
        row("BARE", distance="0.5", cap_state="missing"),
        row("CALLED", level="margin_call", distance="0.02", cap_state="within"),
        row("DARK", level="unknown", cap_state="unknown"),
    ]
    write_frame(frame(1, rows=rows))
    order = [r["account"] for r in read.account_rows(["PRIME"])]
    assert order == ["DARK", "CLOSE", "CALLED", "BARE", "OVER-FAR", "NEAR-CAP"]


def test_a_frame_that_lacks_a_column_is_no_frame_and_is_replaced():
    write_frame(replace(frame(5), accounts={"account": ["ACME-1"], "desk": ["PRIME"]}))
    assert read.newest_frame(1) is None
    assert write_frame(frame(6))
    assert read.newest_frame(1) is not None


def test_rows_of_other_desks_are_left_out():
    write_frame(frame(1, rows=[row("MINE"), row("THEIRS", desk="RETAIL")]))
    assert [r["account"] for r in read.account_rows(["PRIME"])] == ["MINE"]
    assert read.account_rows([]) == []


def test_a_desk_sums_its_shards_and_is_as_old_as_the_oldest_of_them():
    write_frame(frame(3, desks={"PRIME": part("10.25", "2026-03-02T11:59:59+00:00", normal=1, watch=1)}))
    write_frame(replace(frame(9, shard=2), desks={"PRIME": part("0.75", None, normal=2, watch=0)}))
    summary = read.desk_summary("PRIME")
    assert summary is not None
    assert (summary["equity"], summary["accounts"], summary["seq"]) == ("11.00", 4, 3)
    assert summary["levels"] == {"normal": 3, "watch": 1}
    assert summary["oldest_price"] == "2026-03-02T11:59:59+00:00"
    assert read.desk_summary("RETAIL") is None
