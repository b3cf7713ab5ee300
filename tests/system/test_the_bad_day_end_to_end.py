"""The real desk through its bad day: what people see of a breach, and what they lose if processes are killed.

One desk for the module: its bad day begins when there has been time to open a page.
"""

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.system import books
from tests.system.real_desk import RealDesk, real_desk
from tests.system.recoveries import PROMISED_SECONDS, seconds_to_recover
from tests.system.running import PATIENCE_SECONDS, until
from tests.system.visitor import Tab, Visitor

pytestmark = pytest.mark.system
STEPS = {
    *(("risk", f"step.{name}") for name in ("recompute", "enforce", "alert", "deliver")),
    ("general", "delivery.sent"),
    ("mail", "mail.received"),
}


@pytest.fixture(scope="module")
def desk() -> Iterator[RealDesk]:
    folder = Path(tempfile.mkdtemp(prefix="riskdesk-test-"))
    folder.chmod(0o755)
    with real_desk(folder / "data", DEMO_QUIET_SECONDS="30") as running:
        yield running
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def rita(desk: RealDesk) -> Visitor:
    return Visitor(desk.base, "rita")


@pytest.fixture(scope="module")
def tab(rita: Visitor) -> Iterator[Tab]:
    with rita.tab("PRIME") as opened:
        yield opened


def test_a_price_becomes_a_breach_an_alert_and_a_mail_each_once(
    desk: RealDesk, rita: Visitor, tab: Tab
) -> None:
    until(lambda: told(tab), seconds=2 * PATIENCE_SECONDS, what="a critical alert on the open page")
    (alert,) = desk.rows(
        "SELECT alert.*, breach.opened_by_id, breach.subject, breach.rule FROM margin_alert AS alert"
        " JOIN margin_breach AS breach ON breach.id = breach_id WHERE alert.id = %s",
        told(tab)[0],
    )
    run = str(alert["run_id"])

    letter, address = arrived(desk, alert["id"])
    until(lambda: desk.events_of(run) >= STEPS, what=f"a line of every step under run {run}")
    assert prices_without_a_tick(desk, run) == set()
    assert str(alert["opened_by_id"]) == letter["run_id"] == run
    same = desk.rows(
        "SELECT id FROM margin_breach WHERE rule = %s AND subject = %s AND state <> 'cured'",
        *(alert["rule"], alert["subject"]),
    )
    assert len(same) == 1
    assert told(tab).count(alert["id"]) == 1
    assert re.findall(rf'href="(/mail/{letter["message_id"]}/)"', rita.read("/mail/")) == [address]
    page = rita.read(address)
    assert run in page
    assert "received" in page
    assert "mail.came_again" not in {line["event"] for line in desk.lines("mail")}


def told(tab: Tab) -> list[int]:
    """The critical alerts an open page was told of, one by one."""
    return [a["id"] for a in tab.alerts(lambda a: a["severity"] == "critical" and a["state"] == "open")]


def arrived(desk: RealDesk, alert: int) -> tuple[dict[str, object], str]:
    """The one letter of an alert, once the mail room has it; and its page."""
    letters = desk.rows("SELECT * FROM margin_delivery WHERE alert_id = %s", alert)
    assert [letter["recipient"] for letter in letters] == ["rita@riskdesk.example"]
    like = f"<{letters[0]['message_id']}@%"
    until(lambda: desk.rows("SELECT FROM margin_mail WHERE message_id LIKE %s", like), what="the mail")
    assert len(desk.rows("SELECT FROM margin_mail WHERE message_id LIKE %s", like)) == 1
    return letters[0], f"/mail/{letters[0]['message_id']}/"


def prices_without_a_tick(desk: RealDesk, run: str) -> set[tuple[str, str, Decimal]]:
    """What a run was computed with and no feed has brought."""
    (row,) = desk.rows("SELECT prices FROM margin_run WHERE id = %s", run)
    used = {
        (code, price["source"], Decimal(price["mark"]))
        for code, price in row["prices"].items()
        if price["state"] == "fresh"
    }
    assert used
    ticks = desk.rows(
        "SELECT instrument.code, source.code AS source, tick.price FROM margin_tick AS tick"
        " JOIN margin_instrument AS instrument ON instrument.id = instrument_id"
        " JOIN margin_source AS source ON source.id = source_id"
    )
    return used - {(tick["code"], tick["source"], tick["price"]) for tick in ticks}


def test_whatever_is_killed_figures_move_again_and_no_alert_is_lost_or_doubled(
    desk: RealDesk, rita: Visitor, tab: Tab
) -> None:
    for name in PROMISED_SECONDS:
        seconds_to_recover(desk, tab, name, most=2 * PATIENCE_SECONDS)
    newest = books.newest_letter(desk)
    assert newest, "the bad day brought no letter at all"
    until(
        lambda: books.all_sent(desk, newest), seconds=4 * PATIENCE_SECONDS, what="the last letter on its way"
    )
    assert books.faults(desk, letters_up_to=newest) == []
    assert [alert for alert, times in Counter(told(tab)).items() if times > 1] == []
