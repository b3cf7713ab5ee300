"""Text from people, made fit for a header or a line of a mail: no line breaks, no control or direction
marks.
"""

import unicodedata

from riskdesk.mailbox import is_address

MOST_HEADER_CHARACTERS = 150
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def one_line(text: str, *, most: int = MOST_HEADER_CHARACTERS) -> str:
    """The text on one line, hidden characters taken out, cut with an ellipsis."""
    seen = "".join(" " if unicodedata.category(sign) in HIDDEN else sign for sign in text)
    line = " ".join(seen.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def paragraphs_of(text: str) -> list[str]:
    """The text by its own lines, each cleaned; empty ones left out."""
    lines = (one_line(line, most=2000) for line in text.splitlines())
    return [line for line in lines if line]


def address_refusal(recipient: str, domains: tuple[str, ...]) -> str | None:
    """Why no mail goes to this address, or None. `domains`: where mail may go; none named: anywhere."""
    domain = recipient.rpartition("@")[2].lower()
    if not is_address(recipient) or "." not in domain:
        return "not a plain mail address"
    if domain.rpartition(".")[2].isdigit():
        return "an address of a machine, not of a domain"
    if domains and not any(domain == allowed.lower() for allowed in domains):
        return f"{domain} is not among the domains mail may go to"
    return None
