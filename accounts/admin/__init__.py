"""The administrators' door to people, tokens and records. Thin: what may be done is asked of `access`."""

from accounts.admin import people, records

__all__ = ["people", "records"]
