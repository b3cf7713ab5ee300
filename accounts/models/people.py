"""People and what each may do on which desk."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q, UniqueConstraint

from accounts.models.columns import ProposedVersion, name_field, one_visible_line


class User(AbstractUser):
    """A person who signs in. What they may do is said by role grants, never by Django's permissions."""

    person_path = "pk"

    username = models.CharField(
        max_length=150,
        unique=True,
        validators=[AbstractUser.username_validator, one_visible_line],
        error_messages={"unique": "A user with that username already exists."},
        help_text="150 characters or fewer: letters, digits and @ . + - _ only.",
    )
    first_name = name_field(150, blank=True)
    last_name = name_field(150, blank=True)


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    RISK_MANAGER = "risk_manager", "Risk manager"
    LIMITS_ADMIN = "limits_admin", "Limits admin"
    ADMINISTRATOR = "administrator", "Administrator"


class RoleGrant(ProposedVersion):
    """One role of one person on one desk."""

    desk_path = "desk"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    desk = models.ForeignKey("accounts.Desk", on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta(ProposedVersion.Meta):
        abstract = False
        constraints = [
            *ProposedVersion.Meta.constraints,
            UniqueConstraint(
                fields=["user", "desk", "role"],
                condition=Q(revision_to__isnull=True),
                name="one_grant_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.get_role_display()} of {self.desk}"
