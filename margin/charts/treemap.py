"""A treemap: areas in proportion, as square as they can be (squarifying, after Bruls, Huizing and van Wijk).

Takes positive sizes, largest first; gives rectangles in per cent of the whole. Draws nothing: the page sets
them as boxes, which read and link like any other text.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Left, top, width, height: 0 to 100."""

    left: float
    top: float
    width: float
    height: float


def treemap(sizes: Sequence[float], *, shape: float = 2.0) -> list[Place]:
    """`shape` is how many times wider than high the whole is drawn."""
    total = sum(sizes)
    if total <= 0:
        return []
    space = Place(0.0, 0.0, 100.0 * shape, 100.0)
    areas = [size / total * space.width * space.height for size in sizes]
    found: list[Place] = []
    while areas:
        count = _row(areas, min(space.width, space.height))
        placed, space = _lay(areas[:count], space)
        found += placed
        areas = areas[count:]
    return [Place(p.left / shape, p.top, p.width / shape, p.height) for p in found]


def _row(areas: Sequence[float], side: float) -> int:
    """How many make the squarest row along the shorter side."""
    count = 1
    while count < len(areas) and _worst(areas[: count + 1], side) <= _worst(areas[:count], side):
        count += 1
    return count


def _worst(row: Sequence[float], side: float) -> float:
    depth = sum(row) / side if side else 0.0
    if not depth:
        return float("inf")
    return max(max(area / depth / depth, depth * depth / area if area else float("inf")) for area in row)


def _lay(row: Sequence[float], space: Place) -> tuple[list[Place], Place]:
    """The row along the shorter side, and what is left of the space."""
    placed, at = [], 0.0
    if space.width >= space.height:
        depth = sum(row) / space.height if space.height else 0.0
        for area in row:
            length = area / depth if depth else 0.0
            placed.append(Place(space.left, space.top + at, depth, length))
            at += length
        return placed, Place(space.left + depth, space.top, max(space.width - depth, 0.0), space.height)
    depth = sum(row) / space.width
    for area in row:
        length = area / depth if depth else 0.0
        placed.append(Place(space.left + at, space.top, length, depth))
        at += length
    return placed, Place(space.left, space.top + depth, space.width, max(space.height - depth, 0.0))
