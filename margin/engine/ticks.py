"""Prices multiplied out: what every pool of a book reads, prepared once a tick.

Takes the tables of rules and a vector of prices; gives one row of numbers per base and instrument, and per
base and asset. A missing or impossible price makes its row NaN, never a default.
"""

# ruff: noqa: PLR0917

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.engine.columns import MOST_HAIRCUTS, MOST_TIERS, Floats, Ints, Rules
from margin.engine.compiled import kernel
from margin.engine.kernels import (
    ALPHA,
    ASSET_WIDTH,
    BETA,
    BUFFER,
    CHARGES,
    CLOSE,
    COUNTED,
    CUT_FLOORS,
    CUT_OFFSETS,
    DEDUCTIONS,
    FLOORS,
    HAIR,
    INITIAL,
    LEAST,
    OMEGA,
    OWED_INITIAL,
    OWED_MAINTENANCE,
    RATE,
    SIGN,
    WIDTH,
    Tick,
)

LINE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Quotes:
    """Marks per instrument, rates per (base, asset); NaN is missing. `doubt` marks prices that are not sure.

    `bases` are the asset rows of the bases, so that a base's own debt is no liability.
    """

    marks: Floats
    rates: Floats
    bases: Ints
    doubt: NDArray[np.bool_]


def multiplied_out(rules: Rules, quotes: Quotes) -> Tick:
    """Marks, rates and schedules as one row per base and instrument, and per base and asset."""
    tick = Tick(
        _on_lines(len(quotes.rates), len(rules.codes), WIDTH),
        _assets(rules, quotes),
        rules.thresholds,
        rules.leverages,
    )
    write_rows(tick.rows, rules, quotes, np.arange(len(rules.codes)))
    return tick


def _on_lines(*shape: int) -> Floats:
    """Zeros that begin on a line of the cache, so that a row of eight is one line and not two."""
    size = int(np.prod(shape)) * 8
    raw = np.zeros(size + LINE_BYTES, dtype=np.uint8)
    first = -raw.ctypes.data % LINE_BYTES
    return raw[first : first + size].view(np.float64).reshape(shape)


def _assets(rules: Rules, quotes: Quotes) -> Floats:
    """Tiers an asset does not have begin nowhere, and count as its last one does."""
    found = _on_lines(len(quotes.rates), len(rules.assets), ASSET_WIDTH)
    found[:, :, RATE] = quotes.rates
    found[:, :, OWED_INITIAL], found[:, :, OWED_MAINTENANCE] = (
        rules.liability_initial, rules.liability_maintenance,
    )  # fmt: skip
    own = (np.arange(len(quotes.bases)), quotes.bases)
    found[*own, OWED_INITIAL] = found[*own, OWED_MAINTENANCE] = 0.0
    tiers = np.arange(MOST_HAIRCUTS)
    last = np.minimum(tiers, rules.haircut_count[:, None] - 1)
    unused = tiers >= rules.haircut_count[:, None]
    found[:, :, CUT_FLOORS:COUNTED] = np.pad(
        np.where(unused, np.inf, rules.haircut_floors), ((0, 0), (0, 1)), constant_values=np.inf
    )
    found[:, :, COUNTED:CUT_OFFSETS] = 1.0 - np.take_along_axis(rules.haircut_rates, last, axis=1)
    found[:, :, CUT_OFFSETS:] = np.take_along_axis(rules.haircut_offsets, last, axis=1)
    return found


def write_rows(rows: Floats, rules: Rules, quotes: Quotes, chosen: Ints) -> None:
    """The rows of these instruments, in place."""
    _write(
        rows, chosen, quotes.marks, quotes.rates, quotes.doubt, rules.inverse, rules.may_be_negative,
        rules.reference, rules.buffer, rules.settlement, rules.tier_count, rules.floors, rules.initial_rates,
        rules.charges, rules.deductions,
    )  # fmt: skip


@kernel()
def _write(
    rows: Floats,
    chosen: Ints,
    marks: Floats,
    rates: Floats,
    doubt: Ints,
    inverse: Ints,
    may_be_negative: Ints,
    reference: Floats,
    buffer: Floats,
    settlement: Ints,
    tier_count: Ints,
    floors: Floats,
    initial_rates: Floats,
    charges: Floats,
    deductions: Floats,
) -> None:
    for base in range(len(rates)):
        for i in chosen:
            row, mark, rate = rows[base, i], marks[i], rates[base, settlement[i]]
            signed = -1.0 / mark if inverse[i] else mark
            unit = 1.0 / mark if inverse[i] else max(abs(mark), reference[i])
            positive = inverse[i] or not may_be_negative[i]
            if not np.isfinite(mark) or (positive and mark <= 0.0):
                signed = unit = np.nan
            row[ALPHA] = signed * rate
            row[BETA] = rate if inverse[i] else -rate
            row[OMEGA] = unit * rate
            row[SIGN] = unit * rate * np.sign(mark)
            row[BUFFER] = buffer[i]
            row[LEAST] = 0.0 if inverse[i] else reference[i] * rate
            row[HAIR] = np.inf if doubt[i] else CLOSE
            for t in range(MOST_TIERS):
                row[FLOORS + t] = floors[i, t] * rate if t < tier_count[i] else np.inf
                row[INITIAL + t] = initial_rates[i, t]
                row[CHARGES + t] = charges[i, t]
                row[DEDUCTIONS + t] = deductions[i, t] * rate
            row[FLOORS + MOST_TIERS] = np.inf
