"""How far the market may move, for a whole book, compiled.

Takes columns, a tick, the pools' figures and how prices answer to one shock; gives the first falls down and
up per pool, then per account, as `distance` does. What has no way here is marked to be asked.
"""

# A kernel is one long loop on purpose: every call and every tuple in it costs.
# ruff: noqa: PLR0912, PLR0915, PLR0917

import numpy as np

from margin.engine.columns import MOST_HAIRCUTS, Columns, Floats, Ints
from margin.engine.compiled import kernel, span
from margin.engine.fall_kernels import (
    ASSET,
    CONSTANT,
    DRIFT,
    DRIFTING,
    EQUITY_WEIGHT,
    FREE,
    KIND,
    LEG_WIDTH,
    LINE_WIDTH,
    MOVING_WIDTH,
    OVER,
    PROFIT,
    RESTING,
    ROW,
    SHARE,
    SIZE,
    VALUE,
    WEIGHT,
    fall,
)
from margin.engine.kernels import (
    ALPHA,
    BETA,
    BUFFER,
    COUNTED,
    CUT_FLOORS,
    CUT_OFFSETS,
    EQUITY,
    HOUSE,
    MAINTENANCE,
    OMEGA,
    OWED_MAINTENANCE,
    RATE,
    UNKNOWN,
    Found,
    Tick,
)


@kernel(parallel=True)
def pool_falls(
    bounds: Ints,
    book: Columns,
    tick: Tick,
    found: Found,
    inverse: Ints,
    may_be_negative: Ints,
    shares: Floats,
    drifts: Floats,
    marks: Floats,
    next_levels: Ints,
    most_positions: int,
    most_balances: int,
    falls: Floats,
    asked: Ints,
) -> None:
    """Per pool: down and up to liquidation, down and up to its account's next level.

    `shares` per instrument and `drifts` per base and asset are the loadings; NaN for what has no way here.
    `next_levels` per pool is the level asked about; one above liquidation asks for nothing. Whole, for the
    reason `height` has: taken apart into balances, legs and lines it took about twice as long.
    """
    instrument, size, entries = book.instrument, book.size, book.entries
    pool_start, pool_base, pool_desk = book.pool_start, book.pool_base, book.pool_desk
    pool_buffer, figures, levels, close = book.pool_buffer, found.figures, found.levels, found.close
    balance_start, balance_asset, balance_amount = book.balance_start, book.balance_asset, book.balance_amount
    lines, account_start = tick.thresholds, book.account_start
    for chunk in span(len(bounds) - 1):
        legs = np.empty((most_positions + 1, LEG_WIDTH))
        moving = np.empty((most_balances + 1, MOVING_WIDTH))
        line = np.empty(LINE_WIDTH)
        for k in range(account_start[bounds[chunk]], account_start[bounds[chunk + 1]]):
            base, desk, factor = pool_base[k], pool_desk[k], 1.0 + pool_buffer[k]
            rows, assets, hedged = tick.rows[base], tick.assets[base], lines[desk, 4] > 0.0
            falls[k, :] = np.nan
            asked[k] = close[k]
            if levels[k] >= UNKNOWN or close[k]:
                continue
            resting = owed = drifting = drifting_owed = 0.0
            moving_count = leg_count = 0
            ask = False
            for b in range(balance_start[k], balance_start[k + 1]):
                asset = balance_asset[b]
                value, drift = balance_amount[b] * assets[asset, RATE], drifts[base, asset]
                ask |= np.isnan(drift)
                if value < 0.0:
                    resting += value
                    owed -= value * assets[asset, OWED_MAINTENANCE]
                    drifting += value * drift
                    drifting_owed -= value * drift * assets[asset, OWED_MAINTENANCE]
                    ask |= drift < 0.0 or drift > 1.0
                elif drift != 0.0:
                    moving[moving_count, VALUE] = value
                    moving[moving_count, DRIFT] = drift
                    moving[moving_count, ASSET] = asset
                    moving_count += 1
                else:
                    t = 0
                    for n in range(1, MOST_HAIRCUTS):
                        t += value >= assets[asset, CUT_FLOORS + n]
                    resting += value * assets[asset, COUNTED + t] + assets[asset, CUT_OFFSETS + t]
            p, end = pool_start[k], pool_start[k + 1]
            while p < end:
                i, held, cost = instrument[p], size[p], entries[p]
                p += 1
                while p < end and instrument[p] == i and (size[p] > 0.0) == (held > 0.0):
                    held += size[p]
                    cost += entries[p]
                    p += 1
                resting += cost * rows[i, BETA]
                ask |= np.isnan(shares[i])
                legs[leg_count, PROFIT] = held * rows[i, ALPHA]
                legs[leg_count, SIZE] = abs(held) * rows[i, OMEGA]
                legs[leg_count, SHARE] = shares[i] if marks[i] > 0.0 else -shares[i]
                legs[leg_count, KIND] = OVER if inverse[i] else FREE if may_be_negative[i] else RESTING
                legs[leg_count, ROW] = i
                leg_count += 1
            if ask:
                asked[k] = 1
                continue
            for side in (1, 0):
                level = next_levels[k] if side else 5
                if level > 5:
                    continue
                equity_weight = lines[desk, level - 1] if level < 4 else 1.0
                maintenance_weight = 1.0 if level == 5 else 0.0
                house_weight = 1.0 - maintenance_weight
                above = (
                    equity_weight * figures[k, EQUITY]
                    - maintenance_weight * figures[k, MAINTENANCE]
                    - house_weight * figures[k, HOUSE]
                )
                if above < 0.0:
                    falls[k, 2 * side] = falls[k, 2 * side + 1] = 0.0
                    continue
                debt_weight = maintenance_weight + house_weight * factor
                line[EQUITY_WEIGHT] = equity_weight
                line[CONSTANT] = equity_weight * resting - debt_weight * owed
                line[DRIFTING] = equity_weight * drifting - debt_weight * drifting_owed
                for j in range(leg_count):
                    i = int(legs[j, ROW])
                    legs[j, WEIGHT] = maintenance_weight + house_weight * (factor + rows[i, BUFFER])
                for way in range(2):
                    # Lines are nested: who is below liquidation is below the next level's line too.
                    nested = side == 0 and not ask and next_levels[k] <= 5
                    if nested and (np.isnan(falls[k, 2 + way]) or next_levels[k] == 5):
                        falls[k, way] = falls[k, 2 + way]
                        continue
                    shock, sure = fall(
                        way == 1, legs, leg_count, moving, moving_count, line, hedged, rows, assets
                    )
                    falls[k, 2 * side + way] = shock
                    if not sure:
                        asked[k], ask = 1, True


@kernel(parallel=True)
def account_levels(
    account_start: Ints, found: Found, pool_levels: Ints, account_level: Ints, next_levels: Ints
) -> None:
    """The account's level as `exact` binds it, and the next worse level it is asked about, pool by pool."""
    figures, levels = found.figures, pool_levels
    for a in span(len(account_start) - 1):
        worst, sure = 0, False
        maintenance = house = 0.0
        for k in range(account_start[a], account_start[a + 1]):
            worst = max(worst, levels[k])
            sure |= levels[k] == 5
            maintenance += figures[k, MAINTENANCE]
            house += figures[k, HOUSE]
        level = 5 if sure else worst
        account_level[a] = level
        following = level + 1 if level < 5 else UNKNOWN
        if following == 4 and house == maintenance:
            following = 5
        for k in range(account_start[a], account_start[a + 1]):
            next_levels[k] = following


@kernel(parallel=True)
def account_falls(account_start: Ints, falls: Floats, pool_asked: Ints, found: Floats, asked: Ints) -> None:
    """The first pool to reach a line counts; an account with a pool to be asked about is asked as a whole."""
    for a in span(len(account_start) - 1):
        asked[a] = 0
        for n in range(4):
            nearest = np.nan
            for k in range(account_start[a], account_start[a + 1]):
                shock = falls[k, n]
                if not np.isnan(shock) and (np.isnan(nearest) or abs(shock) < abs(nearest)):
                    nearest = shock
            found[a, n] = nearest
        for k in range(account_start[a], account_start[a + 1]):
            asked[a] |= pool_asked[k]
