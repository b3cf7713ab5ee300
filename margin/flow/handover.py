"""Handing over the shift: a note that stays, sealed with everything else that people did.

Takes a person who may acknowledge and what they want the next one to know; gives the record, or a refusal.
The note is a deed of the audit trail: nobody can change it later, and it needs no table of its own.
"""

from accounts.access import Action, lacks
from accounts.audit import record
from accounts.models import AuditEvent, Desk, User
from riskdesk.errors import Refusal
from riskdesk.texts import text_doubts

HANDED_OVER = "shift.handed_over"
MOST_CHARACTERS = 4000


def hand_over(*, desk: Desk, person: User, note: str) -> AuditEvent | Refusal:
    text = note.strip()
    if refusal := lacks(person, Action.ACKNOWLEDGE, desk):
        return refusal
    if not text:
        return Refusal("note", "blank", "", "Write what the next person has to know.")
    if doubts := text_doubts("note", text, most=MOST_CHARACTERS):
        return doubts[0]
    return record(actor=person, action=HANDED_OVER, subject=f"desk {desk.code}", desk=desk, reason=text)
