"""Was anything lost or said twice? Asked of the rows of a desk, and answered in sentences.

Takes a real desk; gives what is wrong: breaches without their one alert, alerts without their one letter to
each who answers for the desk, letters that are not in the mail room exactly once.
"""

from collections import Counter
from typing import Any

from tests.system.real_desk import RealDesk

ANSWERS_FOR = {"PRIME": ["rita@riskdesk.example"], "RETAIL": ["otto@riskdesk.example"]}
UNSENT = "SELECT id FROM margin_delivery WHERE id <= %s AND state IN ('waiting', 'sending')"


def newest_letter(desk: RealDesk) -> int:
    return int(desk.rows("SELECT COALESCE(max(id), 0) AS id FROM margin_delivery")[0]["id"])


def all_sent(desk: RealDesk, up_to: int) -> bool:
    return not desk.rows(UNSENT, up_to)


def faults(desk: RealDesk, *, letters_up_to: int) -> list[str]:
    """Empty while every promise is kept."""
    alerts = desk.rows(
        "SELECT alert.id, key, severity, reason, desk.code AS desk,"
        " (SELECT count(*) FROM margin_run AS run WHERE run.id = run_id AND run.state = 'committed') AS runs"
        " FROM margin_alert AS alert JOIN accounts_desk AS desk ON desk.id = desk_id"
        " WHERE alert.id <= (SELECT max(alert_id) FROM margin_delivery WHERE id <= %s)",
        letters_up_to,
    )
    return [*of_runs(desk), *of_breaches(desk), *of_alerts(desk, alerts), *of_letters(desk, letters_up_to)]


def of_runs(desk: RealDesk) -> list[str]:
    """Committed runs count on without a gap, and what each says it raised is there."""
    runs = desk.rows(
        "SELECT seq, COALESCE((counts->>'alerts')::int, 0) AS said, COALESCE((counts->>'letters')::int, 0)"
        " AS letters, (SELECT count(*) FROM margin_alert WHERE run_id = run.id) AS raised,"
        " (SELECT count(*) FROM margin_delivery WHERE run_id = run.id::text) AS written"
        " FROM margin_run AS run WHERE state = 'committed' ORDER BY seq"
    )
    wrong = [
        f"run {run['seq']} raised {run['raised']} of {run['said']} alerts"
        for run in runs
        if run["said"] != run["raised"]
    ]
    wrong += [
        f"run {run['seq']} wrote {run['written']} of {run['letters']} letters"
        for run in runs
        if run["letters"] != run["written"]
    ]
    if [run["seq"] for run in runs] != list(range(1, len(runs) + 1)):
        wrong.append("the runs are not counted without a gap")
    return wrong


def of_breaches(desk: RealDesk) -> list[str]:
    """A warning is told once, an opening once, every opening anew once."""
    breaches = desk.rows(
        "SELECT id, rule, subject, state, detail,"
        " ARRAY(SELECT key FROM margin_alert WHERE breach_id = breach.id) AS keys"
        " FROM margin_breach AS breach"
    )
    wrong = []
    for breach in breaches:
        told = Counter(key.split(":")[2] for key in breach["keys"])
        was_open, openings = breach["detail"]["was_open"], breach["detail"]["openings"]
        wanted = {"opened": int(was_open), "reopened": openings - 1}
        if breach["state"] == "warning" and not was_open:
            wanted["warned"] = 1
        if {deed: told[deed] for deed in wanted} != wanted or told["warned"] > 1:
            wrong.append(f"{breach['rule']} of {breach['subject']} wants {wanted} and has {dict(told)}")
    return wrong


def of_alerts(desk: RealDesk, alerts: list[dict[str, Any]]) -> list[str]:
    """Critical: a letter to everyone who answers for the desk, once. Anything else: none."""
    letters: dict[int, list[str]] = {}
    for row in desk.rows("SELECT alert_id, recipient FROM margin_delivery WHERE kind = 'alert'"):
        letters.setdefault(row["alert_id"], []).append(row["recipient"])
    wrong = []
    for alert in alerts:
        wanted = ANSWERS_FOR[alert["desk"]] if alert["severity"] == "critical" else []
        if letters.get(alert["id"], []) != wanted:
            wrong.append(f"alert {alert['key']} wants letters to {wanted}, not {letters.get(alert['id'])}")
        if not alert["runs"]:
            wrong.append(f"alert {alert['key']} belongs to no committed run")
    return wrong


def of_letters(desk: RealDesk, up_to: int) -> list[str]:
    """What was written lies in the mail room once, and nothing else does."""
    mails = desk.rows("SELECT message_id, recipients FROM margin_mail ORDER BY id")
    came = Counter(mail["message_id"].strip("<>").partition("@")[0] for mail in mails)
    written = desk.rows("SELECT id, message_id::text AS name, recipient, subject FROM margin_delivery")
    wrong = [
        f"{letter['subject']!r} to {letter['recipient']} came {came[letter['name']]} times"
        for letter in written
        if came[letter["name"]] > 1 or (letter["id"] <= up_to and not came[letter["name"]])
    ]
    return wrong + [f"nobody wrote mail {name}" for name in came.keys() - {row["name"] for row in written}]
