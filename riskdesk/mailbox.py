"""What a mail address is here: a plain one, of the signs that every server takes.

Takes a text; says whether it is an address, or whether a sender's line is one. Never mends a text.
"""

import re

WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9-]{1,63}"
PLAIN = re.compile(rf"(?=[^@]{{1,64}}@.{{1,250}}\Z){WORD}(\.{WORD})*@{LABEL}(\.{LABEL})*")
HIDDEN = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
SPOKEN = rf'[^"(),:;<>@\[\\\]\s.{HIDDEN}][^"(),:;<>@\[\\\]\s{HIDDEN}]*'  # no word of a name begins with a dot
NAME = rf'"[^"\\{HIDDEN}]+" ?|(?:{SPOKEN} +)*(?:{SPOKEN}(?<!\.))?'
NAMED = re.compile(rf"(?:{NAME})<(?P<address>[^<>]*)>")


def is_address(text: str) -> bool:
    """`desk@example.com`: no quotes, no comment, no address of a machine in brackets."""
    return PLAIN.fullmatch(text) is not None


def is_sender(text: str) -> bool:
    """`desk@example.com`, or `Risk desk <desk@example.com>`; a name with signs of its own in quotes."""
    named = NAMED.fullmatch(text)
    return is_address(named["address"] if named else text)
