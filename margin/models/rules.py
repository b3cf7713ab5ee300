"""The rules in force, as versions: margin schedules, haircuts, instrument buffers, desk policies."""

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models import Asset, Desk
from accounts.models.columns import (
    HOUSE_WIDE,
    ProposedVersion,
    amount_field,
    code_field,
    coded,
    finite,
    finite_rates,
    name_field,
    rate_field,
    tracked,
)


@tracked()
class MarginSchedule(models.Model):
    """A named table of margin rates by size."""

    desk_path = HOUSE_WIDE

    code = code_field()
    name = name_field()

    class Meta:
        ordering = ["code"]
        constraints = [coded("schedule")]

    def __str__(self) -> str:
        return self.code


class ScheduleVersion(ProposedVersion):
    """One version of a schedule; its tiers say the rates."""

    desk_path = HOUSE_WIDE

    schedule = models.ForeignKey(MarginSchedule, on_delete=models.PROTECT, related_name="versions")

    class Meta(ProposedVersion.Meta):
        abstract = False
        constraints = [
            *ProposedVersion.Meta.constraints,
            UniqueConstraint(
                fields=["schedule"],
                condition=Q(revision_to__isnull=True),
                name="one_schedule_version_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule} from revision {self.revision_from}"


class Tier(models.Model):
    """Rates from a notional upwards, in the settlement currency."""

    desk_path = HOUSE_WIDE

    version = models.ForeignKey(ScheduleVersion, on_delete=models.PROTECT, related_name="tiers")
    floor = amount_field()
    initial_rate = rate_field()
    maintenance_rate = rate_field()
    maintenance_amount = amount_field(
        null=True, blank=True, help_text="The venue's own deduction; blank: computed."
    )
    cap = amount_field(
        null=True, blank=True, help_text="Last tier only: a larger leg breaches the position limit."
    )

    class Meta:
        ordering = ["version", "floor"]
        constraints = [
            UniqueConstraint(fields=["version", "floor"], name="one_tier_per_floor"),
            finite("tier", "floor", "maintenance_amount", "cap"),
            finite_rates("tier", "initial_rate", "maintenance_rate", most="1"),
            CheckConstraint(
                condition=Q(floor__gte=0, maintenance_rate__gt=0, initial_rate__gte=F("maintenance_rate")),
                name="tier_rates_are_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"from {self.floor}: {self.maintenance_rate}"


class HaircutVersion(ProposedVersion):
    """What of an asset counts as collateral, and what a debt in it costs."""

    desk_path = HOUSE_WIDE

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="haircuts")
    liability_initial_rate = rate_field(default=0)
    liability_maintenance_rate = rate_field(default=0)

    class Meta(ProposedVersion.Meta):
        abstract = False
        constraints = [
            *ProposedVersion.Meta.constraints,
            UniqueConstraint(
                fields=["asset"], condition=Q(revision_to__isnull=True), name="one_haircut_in_force"
            ),
            finite_rates("haircut", "liability_initial_rate", "liability_maintenance_rate", most="1"),
        ]

    def __str__(self) -> str:
        return f"haircut of {self.asset}"


class HaircutTier(models.Model):
    """A marginal haircut from a value upwards, in the account's base currency."""

    desk_path = HOUSE_WIDE

    version = models.ForeignKey(HaircutVersion, on_delete=models.PROTECT, related_name="tiers")
    floor = amount_field(default=0)
    haircut = rate_field()

    class Meta:
        ordering = ["version", "floor"]
        constraints = [
            UniqueConstraint(fields=["version", "floor"], name="one_haircut_per_floor"),
            finite("haircut_tier", "floor"),
            finite_rates("haircut_tier", "haircut", most="1"),
            CheckConstraint(condition=Q(floor__gte=0), name="haircut_floor_not_negative"),
        ]

    def __str__(self) -> str:
        return f"from {self.floor}: {self.haircut}"


class InstrumentBuffer(ProposedVersion):
    """The house's margin on one instrument, on top of every other buffer."""

    desk_path = HOUSE_WIDE

    instrument = models.ForeignKey("margin.Instrument", on_delete=models.PROTECT, related_name="buffers")
    buffer = rate_field(null=True, blank=True, help_text="Blank: none.")

    class Meta(ProposedVersion.Meta):
        abstract = False
        constraints = [
            *ProposedVersion.Meta.constraints,
            UniqueConstraint(
                fields=["instrument"],
                condition=Q(revision_to__isnull=True),
                name="one_instrument_buffer_in_force",
            ),
            finite_rates("instrument_buffer", "buffer", most="10"),
        ]

    def __str__(self) -> str:
        return f"buffer of {self.instrument}"


class DeskPolicy(ProposedVersion):
    """How a desk reads its figures: the bands, the comparison, the offsets."""

    desk_path = "desk"

    class Comparison(models.TextChoices):
        STRICT = "lt", "Below the requirement"
        AT_OR_BELOW = "le", "At or below the requirement"

    class Offsets(models.TextChoices):
        NONE = "none", "None"
        HEDGE = "hedge", "Larger leg"

    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="policies")
    watch = rate_field(default="0.60")
    at_risk = rate_field(default="0.70")
    danger = rate_field(default="0.80")
    target = rate_field(default="0.60", help_text="Where a call or a plan brings an account back to.")
    at_threshold = models.CharField(max_length=2, choices=Comparison.choices, default=Comparison.STRICT)
    offsets = models.CharField(max_length=5, choices=Offsets.choices, default=Offsets.NONE)
    call_minimum = amount_field(
        default=0, help_text="No margin call below it, in the account's base currency."
    )
    call_minutes = models.PositiveSmallIntegerField(default=60, help_text="Time to meet a margin call.")
    urgent_call_minutes = models.PositiveSmallIntegerField(
        default=15, help_text="The same where little is left above maintenance."
    )
    issue_after_minutes = models.PositiveSmallIntegerField(
        default=5, help_text="A draft that nobody issued or cancelled by then issues itself."
    )

    class Meta(ProposedVersion.Meta):
        abstract = False
        verbose_name_plural = "desk policies"
        constraints = [
            *ProposedVersion.Meta.constraints,
            finite("policy", "call_minimum"),
            CheckConstraint(
                condition=Q(call_minimum__gte=0, call_minutes__gte=1, urgent_call_minutes__gte=1),
                name="policy_calls_leave_time",
            ),
            UniqueConstraint(
                fields=["desk"], condition=Q(revision_to__isnull=True), name="one_policy_in_force"
            ),
            CheckConstraint(
                condition=Q(
                    watch__gt=0,
                    at_risk__gt=F("watch"),
                    danger__gt=F("at_risk"),
                    danger__lt=1,
                    target__gt=0,
                    target__lte=1,
                ),
                name="policy_bands_are_ordered",
            ),
        ]

    def __str__(self) -> str:
        return f"policy of {self.desk}"
