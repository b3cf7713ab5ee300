"""Inputs of the admin's forms that show whatever was sent without asking the database about nonsense.

Takes the value of a link or of a form that is shown again; gives the input, empty where no row and no instant
could be meant. What is wrong with it the form's own field says.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.widgets import AdminSplitDateTime, AutocompleteSelect
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime

from riskdesk.instants import kept_as


class KeySelect(AutocompleteSelect):
    """Django's own looks for the rows of any value it is given, also of one that can be no key."""

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> Any:
        return super().optgroups(name, [one for one in value if self._is_key(one)], attr)

    def _is_key(self, value: str) -> bool:
        try:
            return self.field.target_field.to_python(value) is not None
        except ValidationError:
            return False


class SplitInstant(AdminSplitDateTime):
    """Django's own takes for granted that it is given an instant, also of a link, which has but text."""

    def decompress(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = parse_datetime(value)
            except ValueError:
                value = None
            if value is not None and value.tzinfo is not None:
                value = kept_as(value)
        return super().decompress(value)
