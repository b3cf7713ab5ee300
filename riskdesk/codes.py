"""Codes of nouns in addresses: they never meet a word in lower case, and nothing else gets past.

Importing registers the converter `code` for every room's addresses.
"""

from django.urls import register_converter
from django.urls.converters import StringConverter


class Code(StringConverter):
    """What cannot be a code is no address: no database is asked about it."""

    regex = "[A-Z0-9][A-Z0-9.-]{1,31}"


register_converter(Code, "code")
