"""What people write: short enough to be kept whole, and read as it is stored.

Takes a text; gives why it is refused. Never trims, never cuts. Every step that keeps somebody's words asks
here, so that page, API, socket and administration refuse the same.
"""

import re

from riskdesk.errors import Refusal

UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Line breaks, control characters, and marks that nobody sees or that turn the direction: what reads as
another text."""
LINES = str.maketrans("\r\n\t", "   ")
MOST_CHARACTERS = 2000
"""Of a note or a reason, unless its step says otherwise."""


def hides_something(text: str, *, lines: bool = False) -> bool:
    """Whether a text reads as another; `lines` allows it to have several."""
    return UNSEEN.search(text.translate(LINES) if lines else text) is not None


def text_doubts(field: str, text: str, *, most: int = MOST_CHARACTERS, lines: bool = True) -> list[Refusal]:
    """Why a text cannot be kept as it was written."""
    if len(text) > most:
        return [Refusal(field, "max_length", text, f"At most {most} characters.")]
    if hides_something(text, lines=lines):
        says = "Control characters, and marks that nobody sees or that turn the direction, are refused."
        return [Refusal(field, "control_character", text, says)]
    return []
