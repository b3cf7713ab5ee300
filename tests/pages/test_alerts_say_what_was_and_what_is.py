"""An alert keeps the figures it rests on, dated; beside them stands how things are in the newest run."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from margin.book.frame import write_frame
from margin.models import Alert, Breach, Run
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.pages.frames import account, frame

CALL = {"rule": "margin_level", "subject": "account:ACME-1/cross"}
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
