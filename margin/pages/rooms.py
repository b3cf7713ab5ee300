"""The rooms of the site in groups, as the bar at the top and the finder show them.

Takes a request; gives the rooms this person may enter. A group without a name stands in the bar itself, any
other opens as a menu: the bar stays as calm with twenty rooms as with six.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.models import User
from margin.pages import audit, engine, mail

Person = User | AnonymousUser


@dataclass(frozen=True, slots=True)
class Room:
    """`of_desk`: it shows one desk at a time, by `?desk=`."""

    name: str
    path: str
    what: str = ""
    here: bool = False
    of_desk: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    rooms: Sequence[Room]

    @property
    def here(self) -> Room | None:
        return next((room for room in self.rooms if room.here), None)


def _anybody(person: Person) -> bool:
    return True


def _staff(person: Person) -> bool:
    return person.is_staff


Door = tuple[str, str, str, bool, Callable[[Person], bool]]
DOORS: tuple[tuple[str, tuple[Door, ...]], ...] = (
    (
        "",
        (
            ("Desk", "/", "Who is in trouble now", True, _anybody),
            ("Alerts", "/alerts/", "What waits for a person, and what was done about it", True, _anybody),
            ("Calls", "/calls/", "Who owes margin by when, and who is next", True, _anybody),
            (
                "Control",
                "/control/",
                "Who is held back; the kill switch, and what the gates confirmed",
                True,
                _anybody,
            ),
            ("Exposures", "/exposures/", "What the clients hold together", True, _anybody),
            ("Limits", "/limits/", "Every limit with its use; change one safely", True, _anybody),
        ),
    ),
    (
        "What if",
        (
            ("Stress lab", "/stress/", "A shock asked of the whole book", True, _anybody),
            ("Calculator", "/calculator/", "Describe an account, see it in three modes", False, _anybody),
        ),
    ),
    (
        "Records",
        (
            ("Handover", "/handover/", "What the next person has to know", True, _anybody),
            ("Daily reports", "/reports/", "What a day came to: screen, paper, CSV", True, _anybody),
            ("Audit", "/audit/", "Who did what, when and why, sealed", False, audit.may_enter),
            ("Mail room", "/mail/", "Every mail the desk sent, as it looked", False, mail.may_enter),
        ),
    ),
    (
        "House",
        (
            (
                "Rulebook",
                "/rulebook/",
                "Every rule in force, in plain words, with its history",
                True,
                _anybody,
            ),
            ("Help", "/help/", "What each number means", False, _anybody),
            ("Engine", "/engine/", "How the desk's own machinery does", False, engine.may_enter),
            ("Administration", "/admin/", "Clients, rules and people", False, _staff),
        ),
    ),
)


def groups(request: HttpRequest) -> list[Group]:
    """Those with a room for this person."""
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return []
    found = []
    for name, doors in DOORS:
        own = [
            Room(word, path, what, _inside(request.path, path), of_desk)
            for word, path, what, of_desk, may_enter in doors
            if may_enter(person)
        ]
        found += [Group(name, own)] if own else []
    return found


def here_in(own: Sequence[Group]) -> str:
    """What the bar's one menu is called where there is no room for more."""
    return next((group.here.name for group in own if group.here), "Pages")


def rooms(request: HttpRequest) -> list[Room]:
    return [room for group in groups(request) for room in group.rooms]


def _inside(here: str, path: str) -> bool:
    return here == path if path == "/" else here.startswith(path)
