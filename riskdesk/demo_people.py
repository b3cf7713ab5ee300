"""Who sits at the demo's desks, and the password they share.

Takes nothing; gives plain rows, without Django, because the launcher says them before Django exists, the
sign-in page offers them, the demo makes them, and a production start refuses them.
"""

from dataclasses import dataclass

PASSWORD = "riskdesk-demo"  # noqa: S105 - known to everybody, which is why production refuses it


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """`grants` are desk codes with the values of `accounts.models.Role`."""

    name: str
    may: str
    grants: tuple[tuple[str, str], ...]
    staff: bool = False

    @property
    def desks(self) -> str:
        return " and ".join(desk.capitalize() for desk, _ in self.grants)


PEOPLE = (
    DemoPerson("rita", "risk manager", (("PRIME", "risk_manager"),)),
    DemoPerson("vic", "viewer", (("PRIME", "viewer"),)),
    DemoPerson(
        "ada", "limits admin, staff", (("PRIME", "limits_admin"), ("RETAIL", "limits_admin")), staff=True
    ),
    DemoPerson(
        "eve",
        "second limits admin, staff",
        (("PRIME", "limits_admin"), ("RETAIL", "limits_admin")),
        staff=True,
    ),
    DemoPerson("otto", "risk manager", (("RETAIL", "risk_manager"),)),
)
NAMES = tuple(person.name for person in PEOPLE)
