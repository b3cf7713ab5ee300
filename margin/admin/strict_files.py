"""What a file of reference data may look like: values as written, columns that are known, each row once.

Takes what the importing library hands over; raises an error that names what is wrong. Never rounds, trims or
guesses: the library's own readings take 2.7 for 2, any word for no, and leave out columns they do not know.
"""

import re
from collections import Counter
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from import_export import widgets
from import_export.results import Error

MOST_ROWS = 500
"""A file is read in one transaction, which keeps everybody else from changing house-wide facts meanwhile."""
SHOWN = 5


class WholeNumber(widgets.IntegerWidget):
    def clean(self, value: Any, row: Any = None, **options: Any) -> Any:
        written(value, r"-?[0-9]{1,18}", "a whole number in plain digits")
        return super().clean(value, row, **options)


class Number(widgets.DecimalWidget):
    def clean(self, value: Any, row: Any = None, **options: Any) -> Any:
        written(value, r"-?[0-9]+(\.[0-9]+)?", "a number in plain digits, without exponent or separators")
        return super().clean(value, row, **options)


class YesOrNo(widgets.BooleanWidget):
    def clean(self, value: Any, row: Any = None, **options: Any) -> Any:
        written(value, r"(?i)1|0|true|false", "1 or 0")
        return super().clean(value, row, **options)


class WithoutTrace(Error):
    """A mistake in a file is told in words; where in the program it was noticed is nobody's business."""

    traceback = ""


WIDGETS = {
    **dict.fromkeys(
        ("IntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "SmallIntegerField"),
        WholeNumber,
    ),
    "DecimalField": Number,
    "BooleanField": YesOrNo,
}


def written(value: Any, pattern: str, what: str) -> None:
    if value not in (None, "") and not re.fullmatch(pattern, str(value)):
        raise ValueError(f"{str(value)[:80]} is not {what}.")


def refuse_shape(dataset: Any, known: Collection[str], key: str) -> None:
    """Whatever is wrong with the file as a whole."""
    headers = dataset.headers or []
    if unknown := [str(name)[:80] for name in headers if name not in known]:
        raise ValidationError(f"Unknown columns: {', '.join(unknown[:SHOWN])}. Known: {', '.join(known)}.")
    if len(dataset) > MOST_ROWS:
        raise ValidationError(f"The file has {len(dataset):,} rows: send at most {MOST_ROWS:,} at once.")
    if key in headers:
        refuse_twice([str(value) for value in dataset[key]], key)


def refuse_twice(values: list[str], key: str) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            rows = [str(number) for number, one in enumerate(values, 1) if one == value]
            raise ValidationError(
                f"{key} {value[:80]} stands in rows {', '.join(rows[:SHOWN])}: once is enough."
            )
