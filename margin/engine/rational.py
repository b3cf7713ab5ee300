"""The engine's exact number: a rational that never rounds.

`quicktions.Fraction` is the standard `Fraction` in C, number for number; type checkers see the latter.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction
else:
    from quicktions import Fraction

__all__ = ["Fraction"]
