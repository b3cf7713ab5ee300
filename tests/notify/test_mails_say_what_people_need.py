"""What an alert's mail and the daily digest look like, in both bodies."""

import dataclasses
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from accounts.access import Action, people_with
from margin.models import Alert, Breach, Delivery, RatePath, Run
from margin.notify.digest import age, compose_digest
from margin.notify.email import Letter, compose
from margin.notify.letters import compose_digests
from tests import factories
from tests.conftest import Cast
from tests.live.desk import account, write_run

NOW = factories.MONDAY_NOON


@pytest.fixture(autouse=True)
def _place(settings: Any, tmp_path: Path) -> None:
    settings.ENV = dataclasses.replace(settings.ENV, data_dir=tmp_path, base_url="https://desk.example")


def mail_says(letter: Letter, *texts: str) -> None:
    """Each text stands in both bodies."""
    for text in texts:
        assert text in letter.text
        assert text in letter.html


def alert(**fields: Any) -> Alert:
    owner = factories.client("NORTH", of=factories.desk())
    defaults = {
        "desk": owner.desk,
        "client": owner,
        "sub_account": factories.sub_account("NORTH-1", of=owner),
        "reason": "breach_opened",
        "severity": "critical",
        "title": "NORTH-1 is above its leverage cap",
        "text": "Leverage 10.4 against 10.\nGross rose by 5 %.",
        "key": "k",
        "raised_at": NOW,
    }
    return Alert.objects.create(**(defaults | fields))


def test_an_alerts_mail_names_whom_when_and_where_to_look(db: None) -> None:
    letter = compose(alert())
    assert letter.subject == "Critical, Prime: NORTH-1 is above its leverage cap"
    mail_says(
        letter,
        "NORTH-1 is above its leverage cap",
        "Leverage 10.4 against 10.",
        "Gross rose by 5 %.",
        "North Trading (NORTH)",
        "Mon 2 Mar 2026, 07:00:00 EST (America/New_York)",
        "https://desk.example/accounts/NORTH-1/",
    )


def test_an_alert_of_a_desk_whose_zone_nobody_knows_is_written_all_the_same(db: None) -> None:
    told = alert()
    told.desk.zone = "Mars/X"
    mail_says(compose(told), "Mon 2 Mar 2026, 12:00:00 UTC (Mars/X)")


def test_a_mail_leads_to_the_page_that_shows_most_of_it(db: None) -> None:
    told = alert(sub_account=None)
    mail_says(compose(told), "https://desk.example/clients/NORTH/", "Open NORTH")
    told.client = None
    mail_says(compose(told), "https://desk.example/?desk=PRIME", "Open PRIME")


def test_styles_lie_on_the_elements_and_the_dark_ones_stay_a_rule(db: None) -> None:
    html = compose(alert()).html
    assert '<h1 style="' in html
    assert "prefers-color-scheme: dark" in html
    assert "<script" not in html
    assert "src=" not in html, "a mail fetches nothing"


def test_text_of_people_never_becomes_markup_or_a_header(db: None) -> None:
    letter = compose(alert(title="<b>x</b>\r\nBcc: evil@evil.example", text="<img src=x onerror=1>"))
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject
    assert "<b>" not in letter.html
    assert "<img" not in letter.html
    assert "&lt;img src=x onerror=1&gt;" in letter.html
    assert "<img src=x onerror=1>" in letter.text


def test_composing_asks_no_database_beyond_the_alert(db: None, django_assert_num_queries: Any) -> None:
    row = Alert.objects.select_related("desk", "client", "sub_account").get(pk=alert().pk)
    with django_assert_num_queries(0):
        compose(row)


def test_the_digest_tells_levels_breaches_nearest_and_largest(db: None) -> None:
    raised = alert()
    run = Run.objects.create(shard=factories.shard(), started_at=NOW, engine_version="test")
    Breach.objects.create(
        desk=raised.desk,
        client=raised.client,
        sub_account=raised.sub_account,
        rule="client_leverage",
        subject="client:NORTH",
        state="open",
        measured=Decimal("10.4"),
        allowed=Decimal(10),
        reason="Leverage 10.4 against 10",
        opened_at=NOW - timedelta(hours=26, minutes=5),
        opened_by=run,
        changed_at=NOW,
    )
    near = {"rule": "client_gross", "subject": "client:NORTH", "state": "warning", "reason": "near_limit"}
    whose = {"desk": raised.desk, "client": raised.client, "opened_by": run}
    Breach.objects.create(opened_at=NOW, changed_at=NOW, **whose, **near)
    write_run(
        4,
        [
            account("NORTH-1", level="danger", distance="0.0121", client_name="North Trading"),
            account("BIG-1", house_maintenance="1234567.00", utilisation="0.61"),
        ],
    )
    letter = compose_digest(raised.desk, NOW)
    assert letter.subject == "Prime, Mon 2 Mar: 1 open breach, 1 account in danger or worse"
    mail_says(
        letter,
        "Client leverage cap",
        "1 d 2 h",
        "Nearly reached: 1 limit",
        "NORTH-1",
        "1.21 %",
        "1,234,567 USD",
        "61.0 % used",
        "Mon 2 Mar 2026, 07:00:00 EST (America/New_York)",
        "https://desk.example/",
    )
    assert "Client gross cap" not in letter.text + letter.html, "a limit that is near is not broken"


def test_the_digest_never_reaches_a_line_that_the_figures_do_not(db: None) -> None:
    row = account("N-1", house_maintenance="2.40", utilisation="0.999999", distance="-0.00001")
    write_run(4, [row], equity="100.60", house_maintenance="101.20")
    letter = compose_digest(factories.desk(), NOW)
    mail_says(letter, "100 USD", "102 USD", "3 USD", "99.9 % used")
    assert "N-1 (N): 0.00 %" in letter.text
    assert ">0.00 %<" in letter.html


def test_the_largest_requirement_is_the_one_worth_most_to_the_desk(db: None) -> None:
    coin = factories.instrument("BTC-PERP")
    base, quote = factories.asset("BTC", "coin"), factories.asset("USD")
    RatePath.objects.create(base=base, quote=quote, instrument=coin)
    asked = {"DOLLARS-1": ("USD", "1234567.00"), "COINS-1": ("BTC", "30.00"), "YEN-1": ("JPY", "9000000.00")}
    rows = [account(code, currency=of, house_maintenance=need) for code, (of, need) in asked.items()]
    write_run(4, rows, mark="60000")
    letter = compose_digest(factories.desk(), NOW)
    assert "Largest requirement: 30 BTC (COINS-1" in letter.text, "1.8 million; nobody has a price of the yen"


def test_a_desk_without_any_run_still_gets_an_honest_digest(db: None) -> None:
    letter = compose_digest(factories.desk(), NOW)
    mail_says(letter, "No run has computed this desk yet.", "None.")
    assert letter.subject == "Prime, Mon 2 Mar: 0 open breaches, no figures yet"


def test_the_digest_says_of_how_many_nobody_knows(db: None) -> None:
    write_run(4, [account("N-1"), account("N-2", level="unknown")], unknown=1)
    letter = compose_digest(factories.desk(), NOW)
    assert letter.subject == "Prime, Mon 2 Mar: 0 open breaches, 0 accounts in danger or worse, 1 unknown"


def test_everyone_who_may_see_the_desk_gets_one_digest(cast: Cast) -> None:
    cast.vic.email = ""
    cast.vic.save()
    cast.ada.is_active = False
    cast.ada.save()
    factories.grant(cast.rita, cast.prime, factories.Role.ADMINISTRATOR)
    compose_digests(cast.prime, NOW)
    waiting = Delivery.objects.filter(kind="digest", state="waiting")
    assert sorted(row.recipient for row in waiting) == ["eve@desk.example", "rita@desk.example"]


def test_people_are_found_by_what_their_role_lets_them_do(cast: Cast) -> None:
    assert list(people_with(Action.ACKNOWLEDGE, cast.prime)) == [cast.rita]
    assert list(people_with(Action.SEE_DESK, cast.retail)) == [cast.otto]


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "0 min"), (59, "59 min"), (61, "1 h 1 min"), (3000, "2 d 2 h")]
)
def test_ages_are_said_in_their_two_largest_units(minutes: int, said: str) -> None:
    assert age(timedelta(minutes=minutes)) == said
