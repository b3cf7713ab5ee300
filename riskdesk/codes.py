"""What a code of a noun looks like, and codes in addresses: they never meet a word in lower case there.

Importing registers the converter `code` for every room's addresses.
"""

from django.urls import register_converter
from django.urls.converters import StringConverter

SHAPE = "[A-Z0-9][A-Z0-9.-]{1,31}"


class Code(StringConverter):
    """What cannot be a code is no address: no database is asked about it."""

    regex = SHAPE


register_converter(Code, "code")
