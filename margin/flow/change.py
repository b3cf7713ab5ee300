"""Changing a rule takes two people: one proposes, another approves, and only then there is a version.

Takes a person and a change in plain JSON; gives the proposal, or refusals that name field, value and rule.
The only way by which anything that alters a requirement or a cap comes into force after set-up.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.db import models, transaction

from accounts.access import Action, may
from accounts.audit import record
from accounts.models import Desk, Proposal, User
from accounts.revisions import take_house_revision
from margin.flow import controlled
from margin.flow.ruled import Ruled
from margin.flow.versions import Candidate, as_json, build, unknown
from margin.flow.wanted import want_cycle
from margin.models import Restriction
from riskdesk.errors import Refusal
from riskdesk.texts import text_doubts

Refusals = list[Refusal]
RIGHTS: dict[str, Action] = {
    Proposal.Kind.EXCESS: Action.ASK_FOR_EXCESS,
    Proposal.Kind.LIFT: Action.RESTRICT,
}
MOVED_ON = "Another change came into force since: propose again."


def propose(
    *,
    kind: str,
    change: Mapping[str, Any],
    desk: Desk | None,
    reason: str,
    person: User,
    now: datetime,
    made_from: int | None = None,
) -> Proposal | Refusals:
    """Write down what one person wants to change. Nothing is in force yet.

    `made_from` is the version its author had before them: another in force since is refused.
    """
    if not reason.strip():
        return [Refusal("reason", "required", "", "Say why: the second person reads it.")]
    if unreadable := text_doubts("reason", reason):
        return unreadable
    candidate = weigh(kind=kind, change=change, desk=desk, person=person, now=now)
    if isinstance(candidate, list):
        return candidate
    if made_from is not None and made_from != getattr(candidate.current, "pk", None):
        return [Refusal("made_from", "moved_on", str(made_from), MOVED_ON)]
    before = as_json(candidate.ruled, candidate.current)
    with transaction.atomic():
        proposal = Proposal.objects.create(
            kind=kind, desk=desk, subject=subject_of(candidate), change=dict(change), before=before,
            base_version=candidate.current.pk if candidate.current else None,
            reason=reason.strip(), proposed_by=person, proposed_at=now,
        )  # fmt: skip
        record(
            actor=person, action=f"{kind}.proposed", subject=proposal.subject, desk=desk,
            before=before, after=dict(change), reason=proposal.reason,
        )  # fmt: skip
    return proposal


def weigh(
    *, kind: str, change: Mapping[str, Any], desk: Desk | None, person: User, now: datetime
) -> Candidate | Refusals:
    """What a change would put in force, or why this person cannot propose it. Writes nothing."""
    if not may(person, right_to_propose(kind), desk):
        return [Refusal("desk", "not_allowed", desk.code if desk else "house", "You may not propose here.")]
    candidate = build(kind, change, valid_at=now)
    if isinstance(candidate, list):
        return candidate
    if refusals := scope_doubts(candidate, desk):
        return refusals
    before = as_json(candidate.ruled, candidate.current)
    if candidate.version is not None and before is not None and not differs(before, change):
        return [Refusal("", "nothing_changes", "", "These values are in force already.")]
    return candidate


def right_to_propose(kind: str) -> Action:
    """Whoever takes the alerts of a desk may ask for a temporary excess, whoever restricts for a lift;
    approving it is another's."""
    return RIGHTS.get(kind, Action.PROPOSE)


def approve(*, proposal: Proposal, person: User, note: str = "", now: datetime) -> Proposal | Refusals:
    """Put a proposal in force, by somebody else than its author, if nothing moved under it since."""
    if unreadable := text_doubts("note", note):
        return unreadable
    with transaction.atomic():
        revision = take_house_revision()  # first, so that approvals and their versions queue in one order
        locked = Proposal.objects.select_for_update().get(pk=proposal.pk)
        candidate = build(locked.kind, locked.change, valid_at=now)
        refusals = candidate if isinstance(candidate, list) else approval_doubts(locked, candidate, person)
        if refusals or isinstance(candidate, list):
            transaction.set_rollback(True)
            return refusals
        put_in_force(candidate, locked, person, revision, now)
        decide(locked, Proposal.State.APPROVED, person, note, now)
        want_cycle(None, "rules")
    return locked


def reject(*, proposal: Proposal, person: User, note: str = "", now: datetime) -> Proposal | Refusals:
    """Turn a proposal down, and say why; its author may not, they withdraw."""
    return close(proposal, Proposal.State.REJECTED, person, note, now)


def withdraw(*, proposal: Proposal, person: User, note: str = "", now: datetime) -> Proposal | Refusals:
    """Take one's own proposal back."""
    return close(proposal, Proposal.State.WITHDRAWN, person, note, now)


def close(
    proposal: Proposal, state: Proposal.State, person: User, note: str, now: datetime
) -> Proposal | Refusals:
    if unreadable := text_doubts("note", note):
        return unreadable
    with transaction.atomic():
        locked = Proposal.objects.select_for_update().get(pk=proposal.pk)
        own = locked.proposed_by_id == person.pk
        if locked.state != Proposal.State.PROPOSED:
            return [
                Refusal(
                    "state",
                    "already_decided",
                    locked.state,
                    f"It is {locked.get_state_display().lower()} already.",
                )
            ]
        if state == Proposal.State.WITHDRAWN and not own:
            return [Refusal("person", "not_yours", person.username, "Only its author withdraws a proposal.")]
        if state == Proposal.State.REJECTED and (own or not may(person, Action.APPROVE, locked.desk)):
            return [Refusal("person", "not_allowed", person.username, "You may not reject this proposal.")]
        if state == Proposal.State.REJECTED and not note.strip():
            return [Refusal("note", "required", "", "Say why: its author reads it.")]
        decide(locked, state, person, note, now)
    return locked


def approval_doubts(proposal: Proposal, candidate: Candidate, person: User) -> Refusals:
    """Why this person cannot approve this proposal now."""
    if proposal.state != Proposal.State.PROPOSED:
        said = proposal.get_state_display().lower()
        return [Refusal("state", "already_decided", proposal.state, f"It is {said} already.")]
    if proposal.proposed_by_id == person.pk:
        return [
            Refusal(
                "person", "second_person", person.username, "Somebody else than its author approves a change."
            )
        ]
    if not may(person, Action.APPROVE, proposal.desk):
        return [Refusal("person", "not_allowed", person.username, "You may not approve changes here.")]
    if proposal.kind == Proposal.Kind.ROLE and proposal.change.get("user") == person.username:
        return [Refusal("person", "own_role", person.username, "Nobody approves a role of their own.")]
    current = candidate.current.pk if candidate.current else None
    stands = as_json(candidate.ruled, candidate.current)
    if proposal.base_version != current or not same_values(proposal.before, stands):
        return [Refusal("base_version", "moved_on", str(current), MOVED_ON)]
    return []


def scope_doubts(candidate: Candidate, desk: Desk | None) -> Refusals:
    """Everything a change names belongs to the desk it is proposed for: what is another's does not exist."""
    named = candidate.identity
    if "desk" in candidate.ruled.identity and named.get("desk") != desk:
        return [
            Refusal("desk", "other_desk", str(named.get("desk")), "A change is proposed on its own desk.")
        ]
    client = named.get("client")
    account = named.get("sub_account")
    for field, owner in (("client", client), ("sub_account", account and account.client)):
        if owner is not None and owner.desk != desk:
            return [unknown(candidate.ruled.model, field, str(named[field]))]
    return []


def put_in_force(
    candidate: Candidate, proposal: Proposal | None, person: User | None, revision: int, now: datetime
) -> None:
    """Close the version in force and open the next, at one revision; or write the row.

    Without a proposal it is a trial, in a transaction that is undone.
    """
    ruled, current, version = candidate.ruled, candidate.current, cast(Any, candidate.version)
    if isinstance(current, Restriction):
        reason = proposal.reason if proposal else ""
        controlled.end(current, person=person, reason=reason, now=now, proposal=proposal)
        return
    if not ruled.versioned:
        write_row(ruled, current, version)
        return
    if current is not None:
        type(current)._default_manager.filter(pk=current.pk).update(revision_to=revision)
    if version is None:
        return
    version.revision_from, version.recorded_at = revision, now
    version.valid_at = max(version.valid_at, now)
    version.recorded_by, version.proposal = person, proposal
    version.save(force_insert=True)
    for row in candidate.rows:
        cast(Any, row).version = version
    if ruled.rows is not None:
        ruled.rows._default_manager.bulk_create(candidate.rows)


def write_row(ruled: Ruled, current: models.Model | None, row: models.Model | None) -> None:
    """The approved columns and no others: the rest of the row is changed elsewhere."""
    if row is None:
        cast(models.Model, current).delete()
    else:
        row.save(force_insert=current is None, update_fields=ruled.values if current is not None else None)


def decide(proposal: Proposal, state: Proposal.State, person: User, note: str, now: datetime) -> None:
    """Write a decision down, with its audit row."""
    proposal.state, proposal.decided_by, proposal.decided_at, proposal.decision_note = (
        state,
        person,
        now,
        note,
    )
    proposal.approved_by = person if state == Proposal.State.APPROVED else None
    proposal.save()
    record(
        actor=person, action=f"{proposal.kind}.{state}", subject=proposal.subject, desk=proposal.desk,
        before=proposal.before, after=proposal.change, reason=note,
    )  # fmt: skip


def subject_of(candidate: Candidate) -> str:
    """What a change is about, in words a second person understands at once."""
    model = candidate.ruled.model
    if isinstance(candidate.current, Restriction):
        return f"lift of {candidate.current.pk}: {candidate.current}"[:200]
    row = candidate.version or candidate.current  # not the identity as sent: what it left out has defaults
    said = [(model._meta.get_field(name), getattr(row, name)) for name in candidate.ruled.identity]
    names = [str(dict(cast(Any, column).flatchoices).get(value, value)) for column, value in said if value]
    return f"{model._meta.verbose_name}: {' · '.join(names)}"[:200]


def differs(before: Mapping[str, Any], change: Mapping[str, Any]) -> bool:
    """Does the change say anything that is not in force already?"""
    return any(before.get(name) != value for name, value in change.items() if name in before)


def same_values(before: Mapping[str, Any] | None, stands: Mapping[str, Any] | None) -> bool:
    """A blank is a blank, however it is written; a column made since is blank in an older proposal."""
    if before is None or stands is None:
        return before is stands
    return all((before.get(name) or None) == (stands.get(name) or None) for name in {**before, **stands})
