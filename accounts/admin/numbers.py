"""Numbers as the admin takes them: plain digits, as the API does. Takes what was typed; gives a decimal."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models


class PlainDecimal(forms.DecimalField):
    """Python would read `1e5` as 100,000: a slip of a key must not be a limit."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and "e" in value.casefold():
            says = "%(field)s: “%(value)s” is refused (plain_digits): write digits, without an exponent."
            told = {"field": self.label or "The number", "value": value.strip()[:80]}
            raise ValidationError(says, code="plain_digits", params=told)
        return super().to_python(value)


PLAIN_NUMBERS: "dict[type[models.Field[Any, Any]], dict[str, Any]]" = {
    models.DecimalField: {"form_class": PlainDecimal}
}
