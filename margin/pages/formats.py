"""Figures as text for people: grouped, cut once, never rounded across a line that decides.

Takes the decimal strings of the frame (None where a figure does not exist); gives text. `static/js/format.js`
writes the same; both are held to `tests/cases/formats.json`.
"""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from margin.engine.figures import Level

NONE = "—"
MINUS = "−"

LEVELS = {level.word: level.label for level in Level}
CONTROLS = {"open": "Open", "reduce_only": "Reduce only", "frozen": "Frozen"}


def level(word: str | None) -> str:
    """A level as people read it; nothing where there is none."""
    return LEVELS.get(word or "", word or "")


def money(text: str | None) -> str:
    """Every digit the frame gives, grouped."""
    return NONE if text is None else _typeset(f"{Decimal(text):,f}")


def whole_down(text: str | None) -> str:
    """Whole units, never more than there is: for equity."""
    return _whole(text, ROUND_FLOOR)


def whole_up(text: str | None) -> str:
    """Whole units, never less than is needed: for requirements."""
    return _whole(text, ROUND_CEILING)


def percent(text: str | None, decimals: int = 1) -> str:
    """A fraction as per cent, cut towards zero, so that it never shows a line as reached that is not."""
    if text is None:
        return NONE
    exact = Decimal(text) * 100
    cut = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN)
    over = ">" if cut == 100 and exact > 100 else ""
    return f"{over}{_typeset(f'{cut:,f}')} %"


def times(text: str | None, decimals: int = 2) -> str:
    """A leverage, rounded up, without idle zeros."""
    if text is None:
        return NONE
    cut = Decimal(text).quantize(Decimal(1).scaleb(-decimals), ROUND_CEILING)
    return _typeset(f"{cut:,f}".rstrip("0").rstrip(".") if "." in f"{cut:f}" else f"{cut:,f}") + "×"


def _whole(text: str | None, rounding: str) -> str:
    if text is None:
        return NONE
    return _typeset(f"{Decimal(text).quantize(Decimal(1), rounding):,f}")


def _typeset(text: str) -> str:
    return "0" + text[2:] if text.startswith("-0") and not text.strip("-0.,") else text.replace("-", MINUS)
