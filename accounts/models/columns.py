"""Column kinds and constraints that every noun shares: codes, exact numbers, versions."""

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload
from zoneinfo import available_timezones

import pghistory
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q

from riskdesk.codes import SHAPE
from riskdesk.texts import hides_something

CODE_PATTERN = f"^{SHAPE}$"
code_validator = RegexValidator(
    CODE_PATTERN, "A code is 2 to 32 characters of A-Z, 0-9, dot and dash, and starts with a letter or digit."
)
HOUSE_WIDE = ""
INTERNAL = None
"""Every model says where its desk lies: `desk_path = "client__desk"`, HOUSE_WIDE for what anybody with a role
may read, INTERNAL for what no door shows. `accounts.access.for_user` reads nothing else."""

if TYPE_CHECKING:
    Number = models.DecimalField[Decimal | int | str, Decimal]
    MaybeNumber = models.DecimalField[Decimal | int | str | None, Decimal | None]

BEYOND = (
    Decimal(10) ** 20
)  # numeric(38,18) ends here; NaN sorts above every number, so the bound refuses it too


def code_field(**options: Any) -> "models.CharField[str, str]":
    """A house-wide unique, immutable code."""
    return models.CharField(max_length=32, unique=True, validators=[code_validator], **options)


def one_visible_line(text: str) -> None:
    """A name reads as it is stored, in pages, mails and logs."""
    if not text.strip():
        raise ValidationError("A name cannot be blank.", code="blank")
    if hides_something(text):
        raise ValidationError(
            "A name is one line: no line breaks, control characters, marks that nobody sees or that turn the "
            "direction.",
            code="one_visible_line",
        )


def name_field(characters: int = 80, **options: Any) -> "models.CharField[str, str]":
    """What people call it."""
    return models.CharField(max_length=characters, validators=[one_visible_line], **options)


@cache
def zones() -> frozenset[str]:
    """Every name the zone data knows: looked for once, for that reads a folder."""
    return frozenset(available_timezones())


def known_zone(name: str) -> None:
    """A zone that nobody knows has no times: its jobs never come due, its letters cannot be dated."""
    if name not in zones():
        raise ValidationError(
            "%(name)r is no time zone: use a name such as Europe/London.",
            code="known_zone",
            params={"name": name[:80]},
        )


def zone_field(**options: Any) -> "models.CharField[str, str]":
    """An IANA time zone, by name."""
    return models.CharField(max_length=64, validators=[known_zone], **options)


@overload
def amount_field(*, null: Literal[True], **options: Any) -> "MaybeNumber": ...
@overload
def amount_field(**options: Any) -> "Number": ...
def amount_field(**options: Any) -> Any:
    """A quantity, price or amount."""
    return models.DecimalField(max_digits=38, decimal_places=18, **options)


@overload
def rate_field(*, null: Literal[True], **options: Any) -> "MaybeNumber": ...
@overload
def rate_field(**options: Any) -> "Number": ...
def rate_field(**options: Any) -> Any:
    """A rate, buffer or share."""
    return models.DecimalField(max_digits=12, decimal_places=10, **options)


def coded(noun: str) -> CheckConstraint:
    return CheckConstraint(condition=Q(code__regex=CODE_PATTERN), name=f"{noun}_code_is_well_formed")


def finite(noun: str, *columns: str) -> CheckConstraint:
    """Refuses NaN (blank passes: a check that is unknown holds)."""
    inside = Q()
    for column in columns:
        inside &= Q(**{f"{column}__gt": -BEYOND, f"{column}__lt": BEYOND})
    return CheckConstraint(condition=inside, name=f"{noun}_numbers_are_finite")


def finite_rates(noun: str, *columns: str, least: str = "0", most: str = "99") -> CheckConstraint:
    """Rates between two bounds, NaN refused."""
    inside = Q()
    for column in columns:
        inside &= Q(**{f"{column}__gte": Decimal(least), f"{column}__lte": Decimal(most)})
    return CheckConstraint(condition=inside, name=f"{noun}_rates_are_in_range")


class Version(models.Model):
    """One append-only version of a noun: in force for revisions [revision_from, revision_to)."""

    revision_from = models.PositiveBigIntegerField()
    revision_to = models.PositiveBigIntegerField(null=True, blank=True)
    valid_at = models.DateTimeField(help_text="When it became true in the world.")
    recorded_at = models.DateTimeField(help_text="When the desk learned of it.")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        abstract = True
        constraints = [
            CheckConstraint(
                condition=Q(revision_to__isnull=True) | Q(revision_to__gt=F("revision_from")),
                name="%(app_label)s_%(class)s_revisions_run_forward",
            )
        ]


class ProposedVersion(Version):
    """A version that two people made: one proposed, another approved."""

    proposal = models.ForeignKey(
        "accounts.Proposal",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Blank only for what the desk was set up with.",
    )

    class Meta(Version.Meta):
        abstract = True


def tracked() -> Any:
    """Keep every state of the row, by triggers, so that no way of writing is missed."""
    return pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
