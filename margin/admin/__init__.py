"""The administrators' door to the desk's rules, reference data, proposals, clock and happenings. Thin."""

from margin.admin import clock, happenings, ladders, proposals, reference, rules, terms

__all__ = ["clock", "happenings", "ladders", "proposals", "reference", "rules", "terms"]
