"""An alert keeps the figures it rests on, dated; beside them stands how things are in the newest run."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from margin.book.frame import write_frame
from margin.models import Alert, Breach, Run
from riskdesk import clock
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.pages.frames import account, frame, position, rows_made

CALL = {"rule": "margin_level", "subject": "account:ACME-1/cross"}
XRP, SOL = "isolated:XRP-PERP|isolated", "isolated:SOL-PERP|isolated"
POCKET = {"rule": "margin_level", "subject": f"account:ACME-1/{XRP}"}
WORSE = {"level": "liquidation", "utilisation": "1.216", "binding_pool": SOL}
CAP = {"rule": "client_gross", "subject": "client:ACME"}


@pytest.mark.parametrize(
    ("breach", "row", "now"),
    [
        (CALL, {"level": "margin_call", "utilisation": "1.01"}, "Margin call, 101.0 % used"),
        (CALL, {"level": "danger", "utilisation": "0.99"}, "Danger, 99.0 % used; it ends once"),
        (CAP, {"cap_state": "over"}, "over a cap"),
        (CAP, {"cap_state": "within"}, "inside its caps; it ends once"),
    ],
)
def test_then_is_dated_and_now_is_the_newest_runs(
    client: Client, cast: Cast, book: Path, breach: dict[str, str], row: dict[str, Any], now: str
) -> None:
    write_frame(frame([account("ACME-1", **row)]))
    raise_alert(cast, **breach)
    client.force_login(cast.rita)
    rail = client.get("/desk/PRIME/alerts/").content.decode()
    assert '<span class="then">At 12:00:00 UTC:</span> Held 900 against 1,000.' in rail
    assert re.search(rf"<b>Now:</b> {re.escape(now)}", rail)


@pytest.mark.parametrize(("held", "now"), [(XRP, "Margin call <time"), (SOL, "its position is closed <time")])
def test_now_is_of_the_pool_that_the_alert_names(
    client: Client, cast: Cast, book: Path, held: str, now: str
) -> None:
    write_frame(frame([account("ACME-1", **WORSE)], [position(pool=held, pool_level="margin_call")]))
    raise_alert(cast, **POCKET)
    client.force_login(cast.rita)
    assert f"<b>Now:</b> {now}" in client.get("/desk/PRIME/alerts/").content.decode()


def test_of_a_cross_pool_that_nothing_leans_on_is_said_so(client: Client, cast: Cast, book: Path) -> None:
    write_frame(frame([account("ACME-1", **WORSE)], [position(pool=SOL, pool_level="liquidation")]))
    raise_alert(cast, **CALL)
    client.force_login(cast.rita)
    text = client.get("/desk/PRIME/alerts/").content.decode()
    assert "<b>Now:</b> no position leans on it <time" in text


def test_what_is_settled_is_no_longer_so_whatever_the_run_says(
    client: Client, cast: Cast, book: Path
) -> None:
    write_frame(frame([account("ACME-1", level="margin_call")]))
    raise_alert(cast, **CALL)
    Alert.objects.update(state="resolved", resolved_at=clock.now())
    client.force_login(cast.rita)
    text = client.get("/desk/PRIME/alerts/").content.decode()
    assert re.findall(r"<b>Now:</b> ([a-zA-Z ]+)", text) == ["no longer so"]


def test_an_accounts_page_tells_nothing_of_its_siblings(client: Client, cast: Cast, book: Path) -> None:
    raise_alert(cast, **CALL)
    factories.sub_account("ACME-2", of=Breach.objects.get().client)
    client.force_login(cast.rita)
    for path in ("/accounts/ACME-2/", "/desk/PRIME/alerts/?account=ACME-2"):
        assert "ACME is above" not in client.get(path).content.decode(), path


@pytest.mark.parametrize("breach", [CALL, CAP])
def test_no_row_is_made_of_whom_no_alert_is_about(
    client: Client, cast: Cast, book: Path, monkeypatch: pytest.MonkeyPatch, breach: dict[str, str]
) -> None:
    """A desk may have tens of thousands, and its open pages ask every few seconds."""
    others = [account(f"OTHER{number}-1") for number in range(9)]
    write_frame(frame([account("ACME-1", level="margin_call"), *others, account("ACME-2", cap_state="over")]))
    raise_alert(cast, **breach)
    made = rows_made(monkeypatch)
    client.force_login(cast.rita)
    text = client.get("/desk/PRIME/alerts/").content.decode()
    assert f"<b>Now:</b> {'Margin call' if breach is CALL else 'over a cap'}" in text
    assert set(made) <= {"ACME-1", "ACME-2"}


def test_what_is_the_whole_clients_stands_on_its_accounts_page_once(
    client: Client, cast: Cast, book: Path
) -> None:
    raise_alert(cast, **CAP)
    for code in ("ACME-1", "ACME-2"):
        factories.sub_account(code, of=Breach.objects.get().client)
    client.force_login(cast.rita)
    for path in ("/accounts/ACME-1/", "/clients/ACME/", "/desk/PRIME/alerts/?account=ACME-1"):
        text = client.get(path).content.decode()
        assert text.count("ACME is above") == 1, path
        assert "Nothing waits" not in text, path
    text = client.get("/accounts/ACME-1/").content.decode()
    assert ">of the client ACME<" in text, "the alert"
    assert 'of the client <a href="/clients/ACME/">ACME</a>' in text, "the rule"


def raise_alert(cast: Cast, **fields: str) -> None:
    acme = factories.client("ACME", of=cast.prime)
    own = factories.sub_account("ACME-1", of=acme) if fields["rule"] == "margin_level" else None
    run = Run.objects.create(shard_id=1, started_at=MONDAY_NOON, trigger="test", engine_version="test")
    about = {"desk": cast.prime, "client": acme, "sub_account": own}
    at = {"opened_at": MONDAY_NOON, "changed_at": MONDAY_NOON, "opened_by": run}
    row = Breach.objects.create(**about, **at, **fields, state="open", reason="over_limit")
    told = {
        "title": "ACME is above",
        "text": "Held 900 against 1,000.",
        "key": "k",
        "reason": "breach_opened",
    }
    Alert.objects.create(**about, **told, breach=row, severity="critical", raised_at=MONDAY_NOON)
