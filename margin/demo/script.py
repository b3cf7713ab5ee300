"""The bad day, as a pure function of the seconds since it began: how far each factor is pushed.

A fall, a bottom, a recovery, a calm; then again. Before it begins (seconds below zero) the desk is quiet.
"""

FALL_SECONDS, BOTTOM_SECONDS, RECOVERY_SECONDS, CALM_SECONDS = 50, 40, 60, 90
ROUND_SECONDS = FALL_SECONDS + BOTTOM_SECONDS + RECOVERY_SECONDS + CALM_SECONDS
BOTTOM = {  # log move of each factor at the worst
    "CRYPTO": -0.052,
    "ALTS": -0.012,
    "USD": -0.016,
    "EQUITY": -0.017,
    "GOLD": 0.012,
    "OIL": -0.048,
    "PEG": -0.006,
}
DOUBTFUL_PRINT_AT, ZERO_PRINT_AT = 20, 28
"""Seconds into the fall when feed B prints a wild price, and a price of nothing."""
SILENT_FROM, SILENT_TO, SILENT = 5, 50, "BRENT"
"""While feed A says nothing of this instrument."""


def seconds_into_round(seconds: float) -> float | None:
    """Where in the bad day we are; None while the desk is still quiet."""
    return seconds % ROUND_SECONDS if seconds >= 0 else None


def depth(seconds: float) -> float:
    """How deep in the bad day we are, from 0 to 1."""
    into = seconds_into_round(seconds)
    if into is None:
        return 0.0
    if into < FALL_SECONDS:
        return smooth(into / FALL_SECONDS)
    if into < FALL_SECONDS + BOTTOM_SECONDS:
        return 1.0
    after = into - FALL_SECONDS - BOTTOM_SECONDS
    return 1.0 - smooth(after / RECOVERY_SECONDS) if after < RECOVERY_SECONDS else 0.0


def smooth(share: float) -> float:
    """0 to 1 with level ends."""
    return share * share * (3.0 - 2.0 * share)


def push(seconds: float) -> dict[str, float]:
    """The log move of each factor that the script adds at this second."""
    deep = depth(seconds)
    return {factor: move * deep for factor, move in BOTTOM.items()}
