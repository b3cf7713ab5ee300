"""A table as CSV for people's spreadsheets: UTF-8 with a mark, and no cell that a spreadsheet would run.

Takes a name, heads and rows of texts; gives the answer of a request. A text that begins like a formula gets
an apostrophe; a plain number stays one.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from riskdesk import clock

RUNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "|", "%")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)


def sheet(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """The file's name says what it holds and as of when."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(head)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    answer = HttpResponse("\ufeff" + written.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}-{clock.now():%Y%m%dT%H%M%SZ}.csv"'
    return answer


def safe(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(RUNS) and not NUMBER.fullmatch(text) else text
