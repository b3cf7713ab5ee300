"""Every frame on the page about the socket is one the desk could send, or would take."""

import re
from collections.abc import Iterator
from dataclasses import fields
from json import JSONDecoder
from pathlib import Path
from typing import Any

import msgspec
import pytest

from margin.book.frame import ACCOUNT_COLUMNS, ShownPrice
from margin.engine.figures import Level
from margin.engine.types import PriceState
from margin.notify import events
from margin.notify.figures import SEVERITIES, SUMMARY

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/socket.md").read_text()
SENT = (
    events.Snapshot | events.RowsChanged | events.AlertRaised | events.ChartChanged
    | events.Beat | events.Resync | events.Error | events.Pong
)  # fmt: skip


def frames() -> Iterator[dict[str, Any]]:
    for block in re.findall(r"```json\n(.*?)```", PAGE, re.S):
        rest = block.strip()
        while rest:
            frame, end = JSONDecoder().raw_decode(rest)
            yield frame
            rest = rest[end:].strip()


FRAMES = list(frames())
BY_TYPE = {frame["type"]: frame for frame in FRAMES}


def test_every_type_of_frame_is_shown() -> None:
    kinds = (*SENT.__args__, *events.ClientFrame.__args__)
    assert BY_TYPE.keys() == {kind.__struct_config__.tag for kind in kinds}


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame["type"])
def test_it_has_the_fields_of_its_type(frame: dict[str, Any]) -> None:
    mine = frame["type"] in {kind.__struct_config__.tag for kind in SENT.__args__}
    msgspec.convert(frame, SENT if mine else events.ClientFrame)


def test_figures_have_the_names_and_words_of_the_desk() -> None:
    snapshot, changed = BY_TYPE["snapshot"], BY_TYPE["changed"]
    columns = {*snapshot["columns"], *(name for row in changed["rows"].values() for name in row)}
    assert columns <= set(ACCOUNT_COLUMNS)
    assert snapshot["kpi"].keys() == {*SUMMARY, "utilisation", "leverage", "worst", "caps", "open_alerts"}
    assert snapshot["kpi"]["levels"].keys() == {level.word for level in Level}
    assert snapshot["kpi"]["open_alerts"].keys() == set(SEVERITIES)


def test_prices_are_in_a_state_there_is() -> None:
    for frame in (BY_TYPE["snapshot"], BY_TYPE["changed"]):
        for price in frame["prices"].values():
            assert PriceState(price["state"])
            assert price.keys() == {column.name for column in fields(ShownPrice)}


def test_the_list_of_columns_is_whole_and_in_order() -> None:
    said = re.search(r"## Columns\n\n`(.*?)`", PAGE, re.S)
    assert said is not None
    assert tuple(said[1].split()) == ACCOUNT_COLUMNS
