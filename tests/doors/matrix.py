"""Machinery of the access matrix: a scene with two desks, everybody at every address, what came of it.

The table is in `test_access_matrix.py`; nothing here needs to change for a new address, unless it has a part
that `Scene.places` cannot fill or a change that takes a body.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.http import int_to_base36

from accounts.models import Proposal, SubAccount, User
from margin.book.frame import write_frame
from margin.models import Alert, Breach, Delivery, Limit, MarginCall, PositionVersion, Restriction, Run, Tick
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.pages import frames

PEOPLE = ("nobody", "vic", "rita", "ada", "eve", "otto")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
KEPT = (
    Alert,
    Breach,
    Delivery,
    Limit,
    MarginCall,
    PositionVersion,
    Proposal,
    Restriction,
    SubAccount,
    Tick,
    User,
)
COUNTED = [model._meta.db_table for model in KEPT]
COUNTED += [f"{Alert._meta.db_table} WHERE state = 'open'", f"{User._meta.db_table} WHERE is_active"]
COUNTED += [f"{MarginCall._meta.db_table} WHERE state = 'draft'"]
FINGERPRINT = "SELECT " + ", ".join(f"(SELECT count(*) FROM {rows})" for rows in COUNTED)
CODES = {"PRIME": "ACME", "RETAIL": "ZEDD"}
"""A word that appears only with the desk's own rows: whoever reads it has read them."""


@dataclass
class Scene:
    """Two desks with one row of every noun each, and a cookie for everybody."""

    cast: Cast
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    cookies: dict[str, SimpleCookie] = field(default_factory=dict)

    def sign_in(self, name: str, person: User) -> None:
        browser = Client()
        browser.force_login(person, "django.contrib.auth.backends.ModelBackend")
        self.cookies[name] = browser.cookies

    def person(self, name: str) -> Client:
        """A fresh browser with the person's session, or with none."""
        browser = Client(raise_request_exception=False, REMOTE_ADDR="192.0.2.7")
        if name in self.cookies:
            browser.cookies = SimpleCookie({key: cookie.value for key, cookie in self.cookies[name].items()})
        return browser

    def ask(self, name: str, method: str, path: str, body: Any) -> HttpResponse:
        """One request, undone: the next finds everything as it was."""
        with transaction.atomic():
            kind = {} if body is None else {"data": body, "content_type": "application/json"}
            if body is None and method == "POST" and not path.startswith("/api/"):
                kind = {"data": {}}
            answer = getattr(self.person(name), method.lower())(path, **kind)
            before, after = self.state, fingerprint()
            transaction.set_rollback(True)
        answer.changed = before != after
        return answer

    def __post_init__(self) -> None:
        for name in PEOPLE:
            self.sign_in(name, getattr(self.cast, name))
        instrument = factories.instrument()
        accounts = []
        for code, word in CODES.items():
            desk = getattr(self.cast, code.lower())
            account = factories.sub_account(f"{word}-1", of=factories.client(word, of=desk))
            factories.balance(account, "1000")
            factories.position(account, instrument, "1", "100")
            accounts.append(frames.account(account.code, desk=code, cap_name=word))
            self.rows[code] = self.nouns(desk, account)
        write_frame(frames.frame(accounts, [frames.position(row["account"]) for row in accounts]))
        self.state = fingerprint()

    def nouns(self, desk: Any, account: SubAccount) -> dict[str, Any]:
        word = account.client.code
        told = {"desk": desk, "client": account.client, "sub_account": account}
        run = Run.objects.create(shard_id=1, started_at=MONDAY_NOON, trigger="test", engine_version="test")
        breach = Breach.objects.create(
            **told, rule="client_leverage", subject=f"client:{word}", state="open", reason=word,
            opened_at=MONDAY_NOON, opened_by=run, changed_at=MONDAY_NOON,
        )  # fmt: skip
        alert = Alert.objects.create(
            **told, breach=breach, reason="breach_opened", severity="warning", title=word, text=word,
            key=word, raised_at=MONDAY_NOON,
        )  # fmt: skip
        letter = Delivery.objects.create(
            desk=desk, kind="alert", alert=alert, recipient=f"{word.lower()}@desk.example", subject=word,
            text=word, html=word, created_at=MONDAY_NOON, due_at=MONDAY_NOON,
        )  # fmt: skip
        limit = factories.limit(desk, "5", scope="client", client=account.client)
        buffer = factories.buffer(desk, "0.1", client=account.client)
        change = Proposal.objects.create(
            desk=desk, kind="limit", subject=f"limit: {word}", reason=word, proposed_by=self.cast.eve,
            proposed_at=MONDAY_NOON, base_version=limit.pk,
            change={"desk": desk.code, "kind": "leverage", "scope": "client", "client": word, "value": "4"},
            before={"desk": desk.code, "kind": "leverage", "scope": "client", "regulatory_class": "",
                    "client": word, "sub_account": None, "instrument": None, "value": "5", "warn": None,
                    "valid_to": None},
        )  # fmt: skip
        call = MarginCall.objects.create(
            **told, kind="intraday", state="draft", amount="100", drafted_by=run, drafted_at=MONDAY_NOON
        )
        held = Restriction.objects.create(
            scope="client", desk=desk, client=account.client, state="frozen", reason=word,
            imposed_by=self.cast.eve, imposed_at=MONDAY_NOON,
        )  # fmt: skip
        return {
            "desk": desk.code, "code": desk.code, "client": word, "account": account.code, "alert": alert.pk,
            "breach": breach.pk, "message": letter.message_id, "limit": limit.pk, "run": run.pk,
            "buffer": buffer.pk, "change": change.pk, "call": call.pk, "restriction": held.pk,
        }  # fmt: skip

    def path(self, route: str, desk: str) -> str:
        """The address of this desk's row. Parts that name no row of a desk get something harmless."""
        harmless = {
            "uidb36": int_to_base36(self.cast.rita.pk),
            "key": default_token_generator.make_token(self.cast.rita),
            "object_id": "1", "content_type_id": "1", "id": "1", "pk": "1", "deed": "approve",
            "app_label": "accounts", "url": "nowhere", "day": "2026-03-02", "name": "levels",
        }  # fmt: skip
        known = harmless | self.rows[desk]
        named = re.sub(
            r"<(?:\w+:)?(\w+)>",
            lambda part: str(known[part[1]]),
            re.sub(r"\(\?P(<\w+>).*?\)(?=[/$-])", r"\1", route),
        )
        return "/" + named.replace("^", "").replace("$", "").replace(".*", "nowhere")


def fingerprint() -> tuple[int, ...]:
    """How many rows of each kind there are, in one question: it is asked after every request."""
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT)
        return tuple(cursor.fetchone())


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Every address there is, as it is written."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern, route)


def leaked(answer: HttpResponse, own: set[str], path: str) -> str:
    """A word of a desk that is not theirs, in an answer that is not just their own address come back."""
    if not 200 <= answer.status_code < 300 or getattr(answer, "streaming", False):
        return ""
    text = answer.content.decode(errors="replace").replace(path, "")
    return next((word for desk, word in CODES.items() if desk not in own and word in text), "")
