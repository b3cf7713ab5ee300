"""May this session look at this desk, now? One answer for opening and for every later look.

Takes a session's key and a desk's code; gives the person, or the code to close with. Asks
`accounts.access` as pages and API do. A desk that does not exist is refused like one of others.
"""

from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace

from django.conf import settings
from django.contrib.auth import get_user

from accounts.access import Action, may
from accounts.models import Desk, User
from margin.live.codes import Close


@dataclass(frozen=True, slots=True)
class Refused:
    code: Close


def judge(session_key: str, desk_code: str) -> User | Refused:
    """The person behind the session if they may see the desk, else why not."""
    person = signed_in(session_key)
    if person is None:
        return Refused(Close.NOT_SIGNED_IN)
    desk = Desk.objects.filter(code=desk_code).first()
    if desk is None or not may(person, Action.SEE_DESK, desk):
        return Refused(Close.NOT_THIS_DESK)
    return person


def signed_in(session_key: str) -> User | None:
    """Who the session belongs to; nobody if it ended, or was opened with an older password."""
    if not session_key:
        return None
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    person = get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]
    return person if isinstance(person, User) and person.is_active else None
