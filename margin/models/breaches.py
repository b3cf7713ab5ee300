"""Breaches: a rule not kept, from the run that found it to the run that found it cured."""

from django.db import models
from django.db.models import Q, UniqueConstraint

from accounts.models import Client, Desk, SubAccount
from accounts.models.columns import amount_field, finite


class Breach(models.Model):
    """One rule not kept by one subject. Opened once, however many runs see it."""

    desk_path = "desk"

    class Rule(models.TextChoices):
        CLIENT_LEVERAGE = "client_leverage", "Client leverage cap"
        INSTRUMENT_LEVERAGE = "instrument_leverage", "Instrument leverage cap"
        ASSET_CLASS_LEVERAGE = "asset_class_leverage", "Asset class leverage cap"
        SUB_ACCOUNT_LEVERAGE = "sub_account_leverage", "Sub-account leverage cap"
        CLIENT_GROSS = "client_gross", "Client gross cap"
        INSTRUMENT_GROSS = "instrument_gross", "Instrument gross cap"
        ASSET_CLASS_GROSS = "asset_class_gross", "Asset class gross cap"
        SUB_ACCOUNT_GROSS = "sub_account_gross", "Sub-account gross cap"
        CLIENT_NET = "client_net", "Client net cap"
        INSTRUMENT_NET = "instrument_net", "Instrument net cap"
        ASSET_CLASS_NET = "asset_class_net", "Asset class net cap"
        SUB_ACCOUNT_NET = "sub_account_net", "Sub-account net cap"
        CLIENT_ONE_ASSET = "client_one_asset", "Client share in one asset"
        SUB_ACCOUNT_ONE_ASSET = "sub_account_one_asset", "Sub-account share in one asset"
        CLIENT_ONE_WAY = "client_one_way", "Client share that goes one way"
        SUB_ACCOUNT_ONE_WAY = "sub_account_one_way", "Sub-account share that goes one way"
        CLIENT_WORST_LOSS = "client_worst_loss", "Client loss of one position"
        SUB_ACCOUNT_WORST_LOSS = "sub_account_worst_loss", "Sub-account loss of one position"
        CLIENT_COLLATERAL = "client_collateral", "Client collateral in one asset"
        SUB_ACCOUNT_COLLATERAL = "sub_account_collateral", "Sub-account collateral in one asset"
        POSITION_LIMIT = "position_limit", "Position limit"
        MISSING_CAP = "missing_cap", "No cap set"
        MARGIN_LEVEL = "margin_level", "Margin level"
        UNKNOWN_FIGURE = "unknown_figure", "Figure unknown"

    class State(models.TextChoices):
        WARNING = "warning", "Warning"
        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        CURED = "cured", "Cured"

    BROKEN = (State.OPEN, State.ACKNOWLEDGED)
    """The rule is not kept. A warning breaks nothing yet."""

    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="breaches")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="breaches")
    sub_account = models.ForeignKey(SubAccount, null=True, on_delete=models.PROTECT, related_name="breaches")
    instrument = models.ForeignKey(
        "margin.Instrument", null=True, on_delete=models.PROTECT, related_name="breaches"
    )
    limit = models.ForeignKey("margin.Limit", null=True, on_delete=models.PROTECT, related_name="breaches")
    rule = models.CharField(max_length=24, choices=Rule.choices)
    subject = models.CharField(
        max_length=200, help_text="What the rule was asked of, such as client:ACME or account:ACME-1/cross."
    )
    state = models.CharField(max_length=12, choices=State.choices)
    measured = amount_field(null=True, help_text="Blank: unbounded.")
    allowed = amount_field(null=True)
    detail = models.JSONField(
        default=dict, help_text="Level, pool, cap name and whatever the sentence needs."
    )
    reason = models.CharField(max_length=300)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey("margin.Run", on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    cured_at = models.DateTimeField(null=True)
    cured_by = models.ForeignKey("margin.Run", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "breaches"
        ordering = ["-opened_at"]
        constraints = [
            UniqueConstraint(
                fields=["rule", "subject"], condition=~Q(state="cured"), name="one_live_breach_per_subject"
            ),
            finite("breach", "measured", "allowed"),
        ]
        indexes = [models.Index(fields=["desk", "state", "-opened_at"])]

    def __str__(self) -> str:
        return f"{self.get_rule_display()}: {self.subject}"
