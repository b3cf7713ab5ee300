"""The ledger: pockets, and one row per transfer between two of them. It sums to zero by its shape."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from accounts.models.clients import SubAccount
from accounts.models.columns import amount_field, finite
from accounts.models.desks import Asset, Desk


class Pocket(models.Model):
    """Where collateral lies. Client pockets are `wallet` or `isolated:<ref>`; the key is opaque here."""

    desk_path = "desk"

    class Kind(models.TextChoices):
        CLIENT = "client", "Client"
        HOUSE = "house", "House"
        EXTERNAL = "external", "Outside world"

    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="pockets")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    sub_account = models.ForeignKey(
        SubAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="pockets"
    )
    key = models.CharField(max_length=160)

    class Meta:
        ordering = ["id"]
        constraints = [
            CheckConstraint(
                condition=Q(kind="client", sub_account__isnull=False)
                | (~Q(kind="client") & Q(sub_account__isnull=True)),
                name="client_pockets_have_an_account",
            ),
            UniqueConstraint(
                fields=["desk", "sub_account", "key"], nulls_distinct=False, name="one_pocket_per_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sub_account or self.desk} {self.key}"


class Balance(models.Model):
    """What a client pocket holds of an asset now: the kept sum of its transfers."""

    desk_path = "pocket__desk"

    pocket = models.ForeignKey(Pocket, on_delete=models.PROTECT, related_name="balances")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    amount = amount_field()
    revision = models.PositiveBigIntegerField(help_text="The shard's revision that last changed it.")

    class Meta:
        constraints = [
            UniqueConstraint(fields=["pocket", "asset"], name="one_balance_per_pocket_and_asset"),
            finite("balance", "amount"),
        ]

    def __str__(self) -> str:
        return f"{self.pocket} {self.asset}"


class Transfer(models.Model):
    """Money moved, once. Never changed; undone only by another transfer that reverses it."""

    desk_path = "desk"

    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="transfers")
    transaction = models.UUIDField(default=uuid.uuid4, help_text="Transfers that stand or fall together.")
    reference = models.CharField(max_length=120)
    debit = models.ForeignKey(Pocket, on_delete=models.PROTECT, related_name="debits", help_text="Gives.")
    credit = models.ForeignKey(
        Pocket, on_delete=models.PROTECT, related_name="credits", help_text="Receives."
    )
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    amount = amount_field()
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    note = models.CharField(max_length=200, blank=True)
    valid_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    debit_revision = models.PositiveBigIntegerField(
        null=True, help_text="Revision of the giving client's shard."
    )
    credit_revision = models.PositiveBigIntegerField(
        null=True, help_text="Revision of the receiving client's shard."
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            UniqueConstraint(fields=["desk", "reference"], name="transfer_reference_is_unique_per_desk"),
            CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_is_positive"),
            finite("transfer", "amount"),
            CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_has_two_ends"),
        ]
        indexes = [
            models.Index(fields=["debit", "id"]),
            models.Index(fields=["credit", "id"]),
            models.Index(fields=["transaction"]),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.amount} {self.asset}"
