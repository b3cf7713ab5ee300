"""The administrators' door to people, tokens and records. Thin: what may be done is asked of `access`."""

from accounts.admin import people, records, sign_in

__all__ = ["people", "records", "sign_in"]
