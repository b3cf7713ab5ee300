"""Limits in force, as versions with effective dates."""

from decimal import Decimal

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models import Client, Desk, RegulatoryClass, SubAccount
from accounts.models.columns import ProposedVersion, amount_field, finite
from margin.engine.limits import WARNS_AT
from margin.engine.measures import UNITS, Unit, WholeKind

WARNS_AT_SHARE = Decimal(int(WARNS_AT.numerator)) / int(WARNS_AT.denominator)
SHARES = [kind.value for kind, unit in UNITS.items() if unit is Unit.SHARE]


class Limit(ProposedVersion):
    """One cap: what is measured, upon whom, from which value it warns and at which it binds."""

    desk_path = "desk"

    class Kind(models.TextChoices):
        LEVERAGE = "leverage", "Leverage"
        GROSS = "gross", "Gross exposure"
        NET = "net", "Net exposure"
        ONE_ASSET = "one_asset", "Share in one asset"
        ONE_WAY = "one_way", "Share that goes one way"
        WORST_LOSS = "worst_loss", "Loss of one position"
        COLLATERAL = "collateral", "Collateral in one asset"

    class Scope(models.TextChoices):
        DESK = "desk", "Every client of the desk"
        CLASS = "class", "Every client of a class"
        CLIENT = "client", "A client"
        SUB_ACCOUNT = "sub_account", "A sub-account"
        INSTRUMENT = "instrument", "An instrument, for every client"
        ASSET_CLASS = "asset_class", "An asset class, for a class of clients or all"

    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="limits")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.LEVERAGE)
    scope = models.CharField(max_length=12, choices=Scope.choices)
    regulatory_class = models.CharField(max_length=16, choices=RegulatoryClass.choices, blank=True)
    client = models.ForeignKey(Client, null=True, blank=True, on_delete=models.PROTECT, related_name="limits")
    sub_account = models.ForeignKey(
        SubAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="limits"
    )
    instrument = models.ForeignKey(
        "margin.Instrument", null=True, blank=True, on_delete=models.PROTECT, related_name="limits"
    )
    cap_class = models.CharField(
        "asset class",
        max_length=24,
        blank=True,
        help_text="As instruments name it: fx_major, gold, crypto …",
    )
    warn = amount_field(null=True, blank=True, help_text="Blank: 80 % of the limit.")
    value = amount_field(
        help_text="Leverage as a number; an amount in the desk's reporting currency; a share as 0.5 for half."
    )
    valid_to = models.DateTimeField(null=True, blank=True)

    class Meta(ProposedVersion.Meta):
        abstract = False
        constraints = [
            *ProposedVersion.Meta.constraints,
            finite("limit", "warn", "value"),
            CheckConstraint(condition=Q(kind__in=[kind.value for kind in UNITS]), name="limit_is_measured"),
            CheckConstraint(condition=Q(value__gt=0), name="limit_is_positive"),
            CheckConstraint(condition=~Q(kind__in=SHARES) | Q(value__lte=1), name="a_share_is_at_most_one"),
            CheckConstraint(
                condition=~Q(kind__in=[kind.value for kind in WholeKind])
                | ~Q(scope__in=["instrument", "asset_class"]),
                name="a_whole_is_not_asked_of_a_part",
            ),
            CheckConstraint(
                condition=Q(warn__isnull=True) | Q(warn__gt=0, warn__lte=F("value")), name="limit_warns_first"
            ),
            CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_at")),
                name="limit_dates_run_forward",
            ),
            CheckConstraint(
                condition=Q(
                    scope="desk",
                    regulatory_class="",
                    client__isnull=True,
                    sub_account__isnull=True,
                    instrument__isnull=True,
                    cap_class="",
                )
                | (
                    Q(scope="class", client__isnull=True, sub_account__isnull=True, instrument__isnull=True)
                    & Q(cap_class="")
                    & ~Q(regulatory_class="")
                )
                | (
                    Q(scope="asset_class", client__isnull=True, sub_account__isnull=True)
                    & Q(instrument__isnull=True)
                    & ~Q(cap_class="")
                )
                | Q(
                    scope="client",
                    regulatory_class="",
                    client__isnull=False,
                    sub_account__isnull=True,
                    instrument__isnull=True,
                    cap_class="",
                )
                | Q(
                    scope="sub_account",
                    regulatory_class="",
                    client__isnull=True,
                    sub_account__isnull=False,
                    instrument__isnull=True,
                    cap_class="",
                )
                | Q(
                    scope="instrument",
                    regulatory_class="",
                    client__isnull=True,
                    sub_account__isnull=True,
                    instrument__isnull=False,
                    cap_class="",
                ),
                name="limit_names_its_scope",
            ),
            UniqueConstraint(
                fields=[
                    "desk",
                    "kind",
                    "scope",
                    "regulatory_class",
                    "client",
                    "sub_account",
                    "instrument",
                    "cap_class",
                ],
                condition=Q(revision_to__isnull=True),
                nulls_distinct=False,
                name="one_limit_in_force",
            ),
        ]

    @property
    def warns_from(self) -> Decimal:
        """The value from which it warns."""
        return self.value * WARNS_AT_SHARE if self.warn is None else self.warn

    def __str__(self) -> str:
        whom = (
            self.cap_class
            or self.regulatory_class
            or self.client
            or self.sub_account
            or self.instrument
            or self.desk
        )
        return f"{self.get_kind_display()} of {whom}: {self.value.normalize():f}"
