"""The name of a log event is what it is about, a dot, and what became of it: `delivery.sent`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STYLE = re.compile(r"[a-z_]+(\.[a-z_]+)+")


def events() -> Iterator[tuple[str, str]]:
    """Every event of a structlog logger that is written out, with its file."""
    for path in (path for room in ("accounts", "margin", "riskdesk") for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log")), args=[ast.Constant(value=str(event)), *_]
                ):
                    yield event, path.name


def test_every_event_is_named_in_one_style() -> None:
    told = dict(events())
    assert len(told) > 20
    assert {event: file for event, file in told.items() if not STYLE.fullmatch(event)} == {}
