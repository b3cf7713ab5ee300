"""Reference data changed: desks, clients, instruments and the like, as far as one person may edit them.

Takes the row and who changed it; saves it with a house revision, so that every book sees it, and audits it.
Of a row that stands the terms stay as they are: those take two people (`margin.flow.change`).
"""

from typing import Any

from django.db import models, transaction

from accounts.audit import record
from accounts.models import Desk, User
from accounts.revisions import take_house_revision
from margin.flow.ruled import terms_of
from margin.flow.wanted import want_cycle


def save_reference(*, row: models.Model, person: User, desk: Desk | None, changed: list[str]) -> None:
    """Save the edited columns of one row, and tell the books."""
    with transaction.atomic():
        stands = type(row)._default_manager.filter(pk=row.pk).first()
        if stands is not None:
            changed = [name for name in changed if name not in terms_of(type(row))]
        before = values(stands, changed)
        row.save(update_fields=None if stands is None else changed)
        reference_changed(
            person=person,
            subject=f"{row._meta.verbose_name} {row}",
            desk=desk,
            before=before,
            after=values(row, changed),
        )


def reference_changed(
    *, person: User | None, subject: str, desk: Desk | None, before: Any = None, after: Any = None
) -> None:
    """Give the change a revision and an audit row; every shard computes again."""
    take_house_revision()
    record(
        actor=person or "import",
        action="reference.changed",
        subject=subject,
        desk=desk,
        before=before,
        after=after,
    )
    want_cycle(None, "reference")


def values(row: models.Model | None, names: list[str]) -> dict[str, str] | None:
    """The named columns as text."""
    return {name: str(getattr(row, name, "")) for name in names} if row is not None else None
