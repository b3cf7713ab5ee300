"""Clients, their sub-accounts, and the house buffers laid upon them."""

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from accounts.models.columns import (
    ProposedVersion,
    code_field,
    coded,
    finite_rates,
    name_field,
    rate_field,
    tracked,
)
from accounts.models.desks import HOUSE, Asset, Desk, Shard


class RegulatoryClass(models.TextChoices):
    RETAIL_EU = "retail_eu", "Retail, EU"
    RETAIL_UK = "retail_uk", "Retail, UK"
    RETAIL_AU = "retail_au", "Retail, Australia"
    PROFESSIONAL = "professional", "Professional"
    ELIGIBLE = "eligible", "Eligible counterparty"


class Status(models.TextChoices):
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    CLOSED = "closed", "Closed"


class Mode(models.TextChoices):
    CROSS = "cross", "Cross"
    ISOLATED = "isolated", "Isolated"
    HYBRID = "hybrid", "Hybrid"


@tracked()
class Client(models.Model):
    """Who owes the house."""

    desk_path = "desk"

    code = code_field()
    name = name_field(120)
    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="clients")
    regulatory_class = models.CharField(max_length=16, choices=RegulatoryClass.choices)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    email = models.EmailField(
        blank=True, help_text="Where margin calls are sent. Blank: the desk delivers them itself."
    )
    shard = models.ForeignKey(Shard, on_delete=models.PROTECT, related_name="clients")

    class Meta:
        ordering = ["code"]
        constraints = [
            coded("client"),
            CheckConstraint(condition=~Q(shard=HOUSE), name="client_belongs_to_a_shard"),
        ]

    def __str__(self) -> str:
        return self.code


@tracked()
class SubAccount(models.Model):
    """One book of positions over one wallet and its isolated pockets."""

    desk_path = "client__desk"

    code = code_field()
    name = name_field(120)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="sub_accounts")
    default_mode = models.CharField(
        max_length=12,
        choices=Mode.choices,
        default=Mode.CROSS,
        help_text="Mode of a new position; hybrid leaves it to each.",
    )
    base_currency = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)

    class Meta:
        ordering = ["code"]
        constraints = [coded("sub_account")]

    def __str__(self) -> str:
        return self.code


class HouseBuffer(ProposedVersion):
    """The house's margin on top of maintenance, for a desk, a class, a client or a sub-account.

    Blank inherits from the next wider scope; zero is a value.
    """

    desk_path = "desk"

    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="buffers")
    regulatory_class = models.CharField(max_length=16, choices=RegulatoryClass.choices, blank=True)
    client = models.ForeignKey(
        Client, null=True, blank=True, on_delete=models.PROTECT, related_name="buffers"
    )
    sub_account = models.ForeignKey(
        SubAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="buffers"
    )
    buffer = rate_field(
        null=True, blank=True, help_text="0.10 is ten per cent. Blank inherits; 0 is a value."
    )

    class Meta(ProposedVersion.Meta):
        abstract = False
        constraints = [
            *ProposedVersion.Meta.constraints,
            finite_rates("house_buffer", "buffer", most="10"),
            CheckConstraint(
                condition=Q(client__isnull=True, sub_account__isnull=True)
                | Q(regulatory_class="", sub_account__isnull=True)
                | Q(regulatory_class="", client__isnull=True),
                name="house_buffer_has_one_scope",
            ),
            UniqueConstraint(
                fields=["desk", "regulatory_class", "client", "sub_account"],
                condition=Q(revision_to__isnull=True),
                nulls_distinct=False,
                name="one_house_buffer_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"buffer of {self.sub_account or self.client or self.regulatory_class or self.desk}"
