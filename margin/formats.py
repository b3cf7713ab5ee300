"""Figures as text for people: grouped, cut once, never rounded across a line that decides.

Takes exact figures, mostly the frame's decimal strings (None where a figure does not exist); gives text.
Pages, charts and mails write through it, `static/js/format.js` writes the same, and both are held to
`tests/cases/formats.json`.
"""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from margin.engine.figures import Level

Figure = str | Decimal | float | None
"""A float only where a drawing has nothing better; it counts as the digits it shows."""
NONE = "—"
MINUS = "−"

LEVELS = {level.word: level.label for level in Level}
CONTROLS = {"open": "Open", "reduce_only": "Reduce only", "frozen": "Frozen"}


def level(word: str | None) -> str:
    """A level as people read it; nothing where there is none."""
    return LEVELS.get(word or "", word or "")


def money(text: Figure) -> str:
    """Every digit the frame gives, grouped."""
    return NONE if text is None else _typeset(f"{_exact(text):,f}")


def whole_down(text: Figure) -> str:
    """Whole units, never more than there is: for equity."""
    return _whole(text, ROUND_FLOOR)


def whole_up(text: Figure) -> str:
    """Whole units, never less than is needed: for requirements."""
    return _whole(text, ROUND_CEILING)


def percent(text: Figure, decimals: int = 1) -> str:
    """A fraction as per cent, cut towards zero, so that it never shows a line as reached that is not."""
    if text is None:
        return NONE
    exact = _exact(text) * 100
    cut = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN)
    over = ">" if cut == 100 and exact > 100 else ""
    return f"{over}{_typeset(f'{cut:,f}')} %"


def signed_percent(text: Figure, decimals: int = 1) -> str:
    """A move, with its sign either way; cut like any other, so that it is never shown farther than it is."""
    return ("+" if text is not None and _exact(text) > 0 else "") + percent(text, decimals)


def times(text: Figure, decimals: int = 2) -> str:
    """A leverage, rounded up, without idle zeros."""
    if text is None:
        return NONE
    cut = _exact(text).quantize(Decimal(1).scaleb(-decimals), ROUND_CEILING)
    return _typeset(f"{cut:,f}".rstrip("0").rstrip(".") if "." in f"{cut:f}" else f"{cut:,f}") + "×"


def _exact(figure: str | Decimal | float) -> Decimal:
    return Decimal(str(figure))


def _whole(text: Figure, rounding: str) -> str:
    if text is None:
        return NONE
    return _typeset(f"{_exact(text).quantize(Decimal(1), rounding):,f}")


def _typeset(text: str) -> str:
    return "0" + text[2:] if text.startswith("-0") and not text.strip("-0.,") else text.replace("-", MINUS)
