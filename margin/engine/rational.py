"""The engine's exact number: a rational that never rounds. Named in one place, to be changed in one."""

from fractions import Fraction

__all__ = ["Fraction"]
