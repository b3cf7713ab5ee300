"""Where one pool falls below a line while prices move together by a shock, compiled.

Takes a pool's legs and balances as small tables, each with its answer to the shock; gives the first fall on a
side. Between the shocks at which a price comes to rest at zero a pool is a hill: tangents lead to its fall.
What profits from 1/m bends the other way; there two straight lines close in on it.
"""

# A kernel is one long loop on purpose: every call and every tuple in it costs.
# ruff: noqa: PLR0912, PLR0917

import numpy as np

from margin.engine.columns import MOST_HAIRCUTS, MOST_TIERS, Floats
from margin.engine.compiled import kernel
from margin.engine.kernels import CHARGES, COUNTED, CUT_FLOORS, CUT_OFFSETS, DEDUCTIONS, FLOORS

LOWEST, HIGHEST = -1.0, 10.0
MOST_STEPS = 60
MOST_CLOSINGS = 5_000
MOST_WAITING = 256
NARROW = 1e-13

PROFIT, SIZE, SHARE, KIND, ROW, WEIGHT = range(6)
RESTING, OVER, FREE = 0.0, 1.0, 2.0
"""Kinds of a price: at rest at zero, 1/m, free to go below zero."""
LEG_WIDTH = 6
VALUE, DRIFT, ASSET = range(3)
MOVING_WIDTH = 3
EQUITY_WEIGHT, CONSTANT, DRIFTING = range(3)
LINE_WIDTH = 3


@kernel()
def height(
    s: float,
    legs: Floats,
    leg_count: int,
    moving: Floats,
    moving_count: int,
    line: Floats,
    hedged: bool,
    rows: Floats,
    assets: Floats,
) -> tuple[float, float, float, float]:
    """The pool's height above the line at s: of all that bends down with its slope, and of the rest.

    Whole, because it is asked dozens of times a pool: with its steps as kernels, which are handed the arrays
    anew, the distances of a book took about twice as long.
    """
    equity_weight = line[EQUITY_WEIGHT]
    down, down_slope = line[CONSTANT] + line[DRIFTING] * s, line[DRIFTING]
    up, up_slope = 0.0, 0.0
    for b in range(moving_count):
        value, drift = moving[b, VALUE], moving[b, DRIFT]
        asset = int(moving[b, ASSET])
        rising = 1.0 + drift * s
        if rising < 0.0:
            rising, drift = 0.0, 0.0
        now = value * rising
        t = 0
        for n in range(1, MOST_HAIRCUTS):
            t += now >= assets[asset, CUT_FLOORS + n]
        counted = assets[asset, COUNTED + t] * equity_weight
        down += now * counted + assets[asset, CUT_OFFSETS + t] * equity_weight
        down_slope += value * drift * counted
    previous, previous_due, previous_slope = -1, 0.0, 0.0
    for j in range(leg_count):
        share, i = legs[j, SHARE], int(legs[j, ROW])
        price, slope = 1.0 + share * s, share
        if legs[j, KIND] == OVER:
            price = 1.0 / price
            slope = -share * price * price
        elif legs[j, KIND] == RESTING and price < -NARROW:
            price, slope = 0.0, 0.0
        profit = legs[j, PROFIT] * equity_weight
        if legs[j, KIND] == OVER and profit > 0.0:
            up += profit * price
            up_slope += profit * slope
        else:
            down += profit * price
            down_slope += profit * slope
        weight = legs[j, WEIGHT]
        if weight > 0.0:
            size = legs[j, SIZE] * abs(price)
            if price < 0.0:
                slope = -slope
            t = 0
            for n in range(1, MOST_TIERS):
                t += size >= rows[i, FLOORS + n]
            charge = weight * rows[i, CHARGES + t]
            due = size * charge - weight * rows[i, DEDUCTIONS + t]
            due_slope = legs[j, SIZE] * slope * charge
            if hedged and previous == i:
                if due > previous_due:
                    down -= due - previous_due
                    down_slope -= due_slope - previous_slope
            else:
                down -= due
                down_slope -= due_slope
            previous, previous_due, previous_slope = i, due, due_slope
    return down, down_slope, up, up_slope


@kernel()
def fall(
    upwards: bool,
    legs: Floats,
    leg_count: int,
    moving: Floats,
    moving_count: int,
    line: Floats,
    hedged: bool,
    rows: Floats,
    assets: Floats,
) -> tuple[float, bool]:
    """The first shock on this side with a negative height beyond it (NaN: none), and whether it is sure.

    Whole, for the reason `height` has.
    """
    limit, open_end, bends_up = (HIGHEST if upwards else LOWEST), False, False
    rising, falling = False, False
    for j in range(leg_count):
        if legs[j, KIND] == OVER:
            bends_up |= legs[j, PROFIT] > 0.0
            falling |= legs[j, PROFIT] > 0.0 and legs[j, SHARE] > 0.0
            rising |= legs[j, PROFIT] > 0.0 and legs[j, SHARE] < 0.0
            if legs[j, SHARE] != 0.0:
                zero = -1.0 / legs[j, SHARE]
                if (upwards and 0.0 < zero <= limit) or (not upwards and limit <= zero < 0.0):
                    limit, open_end = zero, True
    start = 0.0
    while True:
        stop = limit
        for j in range(leg_count):
            if legs[j, SHARE] != 0.0 and legs[j, KIND] == RESTING:
                zero = -1.0 / legs[j, SHARE]
                if (upwards and start < zero < stop) or (not upwards and stop < zero < start):
                    stop = zero
        for b in range(moving_count):
            if moving[b, DRIFT] != 0.0:
                zero = -1.0 / moving[b, DRIFT]
                if (upwards and start < zero < stop) or (not upwards and stop < zero < start):
                    stop = zero
        at = stop
        if stop == limit and open_end:  # 1/m has no end: as near to it as it takes
            at = limit - (limit - start) * 2.0**-40
        down, slope, _, _ = height(at, legs, leg_count, moving, moving_count, line, hedged, rows, assets)
        if bends_up:
            found, sure = fall_by_panels(
                start,
                at,
                limit if open_end and stop == limit else at,
                rising and falling,
                legs,
                leg_count,
                moving,
                moving_count,
                line,
                hedged,
                rows,
                assets,
            )
            if not sure or not np.isnan(found):
                return found, sure
        elif down < 0.0:
            if at != stop:  # tangents would come back from there by doubling their way, again and again
                two = limit - (limit - start) * 0.125
                while abs(limit - two) > abs(limit - at):
                    near_down, near_slope, _, _ = height(
                        two, legs, leg_count, moving, moving_count, line, hedged, rows, assets
                    )
                    if near_down < 0.0:
                        at, down, slope = two, near_down, near_slope
                    two = limit - (limit - two) * 0.125
            for _ in range(MOST_STEPS):
                nearer = at - down / slope
                if not (start < nearer < at if upwards else at < nearer < start):
                    return (at if abs(nearer - at) <= NARROW * 10 else start), True
                if abs(nearer - at) <= NARROW * abs(nearer):
                    return nearer, True
                at = nearer
                down, slope, _, _ = height(
                    at, legs, leg_count, moving, moving_count, line, hedged, rows, assets
                )
                if down >= 0.0:
                    return at, True
            return np.nan, False
        if stop == limit:
            return np.nan, True
        start = stop


@kernel()
def fall_by_panels(
    start: float,
    stop: float,
    end: float,
    turns: bool,
    legs: Floats,
    leg_count: int,
    moving: Floats,
    moving_count: int,
    line: Floats,
    hedged: bool,
    rows: Floats,
    assets: Floats,
) -> tuple[float, bool]:
    """Towards an open end 1/m grows without end: each panel leaves an eighth of the way, bending but little.

    What bends down lies above its lower end, and what bends up too, unless it `turns`: a panel is left at
    once where the sum of both is above the line.
    """
    one = start
    down, _, up, _ = height(one, legs, leg_count, moving, moving_count, line, hedged, rows, assets)
    while one != stop:
        two = stop if end == stop else end - (end - one) * 0.125
        if abs(end - two) <= abs(end - stop):
            two = stop
        far_down, _, far_up, _ = height(
            two, legs, leg_count, moving, moving_count, line, hedged, rows, assets
        )
        if turns or not min(down, far_down) + min(up, far_up) >= 0.0:
            found, sure = fall_between_lines(
                one, two, legs, leg_count, moving, moving_count, line, hedged, rows, assets
            )
            if not sure or not np.isnan(found):
                return found, sure
        one, down, up = two, far_down, far_up
    return np.nan, True


@kernel()
def fall_between_lines(
    start: float,
    stop: float,
    legs: Floats,
    leg_count: int,
    moving: Floats,
    moving_count: int,
    line: Floats,
    hedged: bool,
    rows: Floats,
    assets: Floats,
) -> tuple[float, bool]:
    """What bends down lies above its chord and below its tangents, what bends up the other way round.

    So two straight lines enclose the height; their roots close in on the first fall from both sides, or leave
    nothing between them. Where they do so too slowly, halves are taken. Whole, because each turn changes the
    eleven numbers that the next one needs.
    """
    one, two = start, stop
    down, _, up, up_slope = height(one, legs, leg_count, moving, moving_count, line, hedged, rows, assets)
    far_down, far_down_slope, far_up, far_up_slope = height(
        two, legs, leg_count, moving, moving_count, line, hedged, rows, assets
    )
    waiting, waiting_sunk = np.empty(MOST_WAITING), np.zeros(MOST_WAITING, dtype=np.bool_)
    count, sunk = 0, far_down + far_up < 0.0
    for _ in range(MOST_CLOSINGS):
        width = two - one
        now, then = down + up, far_down + far_up
        if abs(width) <= NARROW * max(1.0, abs(one)):
            nearer = farther = two
        else:
            chord = (far_down - down) / width
            least = now + (chord + up_slope) * width
            nearer = two if least >= 0.0 else one - now / (chord + up_slope)
            if sunk:
                farther = two - then / (far_down_slope + (far_up - up) / width) if then < 0.0 else two
            else:
                least = then - (chord + far_up_slope) * width
                farther = one if least >= 0.0 else two - then / (chord + far_up_slope)
        if (farther - nearer) / width <= 0.0 or width == 0.0:
            if sunk:
                return nearer, True
            if count == 0:
                return np.nan, True
            count -= 1
            one, down, up, up_slope = two, far_down, far_up, far_up_slope
            two, sunk = waiting[count], waiting_sunk[count]
        else:
            if (farther - nearer) / width > 0.5:
                if count == MOST_WAITING:
                    return np.nan, False
                waiting[count], waiting_sunk[count] = farther, sunk
                count += 1
                farther = nearer + (farther - nearer) / 2.0
                sunk = False
            one, two = nearer, farther
            down, _, up, up_slope = height(
                one, legs, leg_count, moving, moving_count, line, hedged, rows, assets
            )
        far_down, far_down_slope, far_up, far_up_slope = height(
            two, legs, leg_count, moving, moving_count, line, hedged, rows, assets
        )
        sunk |= far_down + far_up < 0.0
    return np.nan, False
