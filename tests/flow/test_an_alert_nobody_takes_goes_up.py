"""An alert that nobody takes goes up, deadline after deadline, to more people, in one letter each time."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Role
from margin.flow.acknowledge import acknowledge
from margin.flow.escalate import escalate, set_deadline
from margin.models import Alert, Delivery
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
OVER, WITHIN = "55500", "59500"
RITA, EVE, ADA, VIC = (f"{name}@desk.example" for name in ("rita", "eve", "ada", "vic"))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    for name, role in {"eve": Role.ADMINISTRATOR, "ada": Role.LIMITS_ADMIN, "vic": Role.VIEWER}.items():
        factories.grant(factories.person(name), made.desk, role)
    factories.grant(factories.person("otto"), factories.desk("RETAIL"), Role.ADMINISTRATOR)
    made.step(OVER)
    return made


def told_at(scene: Scene, minutes: float) -> list[str]:
    """Who gets a letter when the work is done so long after the alert was raised."""
    known = set(Delivery.objects.filter(kind="escalation").values_list("pk", flat=True))
    escalate(scene.now + minutes * MINUTE)
    fresh = Delivery.objects.filter(kind="escalation").exclude(pk__in=known)
    return sorted(fresh.values_list("recipient", flat=True))


def test_nobody_is_told_before_the_deadline_and_each_deadline_tells_more_people_once(scene: Scene):
    assert told_at(scene, 1.99) == []
    assert told_at(scene, 2) == [EVE, RITA]
    assert told_at(scene, 2.1) == []
    assert told_at(scene, 4) == [ADA, EVE, RITA]
    assert told_at(scene, 7.99) == []
    assert told_at(scene, 8) == [ADA, EVE, RITA, VIC]
    assert told_at(scene, 60 * 24) == []


def test_after_a_pause_it_goes_as_far_as_its_age_says_in_one_letter(scene: Scene):
    assert told_at(scene, 60) == [ADA, EVE, RITA, VIC]
    assert told_at(scene, 61) == []
    raised = Alert.objects.get()
    assert (raised.escalations, raised.escalates_at) == (3, None)


def test_who_takes_it_locks_the_breach_before_the_alert_as_a_run_does(scene: Scene):
    with CaptureQueriesContext(connection) as said:
        acknowledge(alert=Alert.objects.get(), person=scene.rita, note="mine", now=scene.now)
    locks = [one["sql"] for one in said if one["sql"].startswith("UPDATE") or "FOR UPDATE" in one["sql"]]
    assert "margin_breach" in locks[0]
    assert locks[1].startswith('UPDATE "margin_alert"')


def test_who_takes_it_ends_it_and_so_does_a_cure(scene: Scene):
    raised = Alert.objects.get()
    acknowledge(alert=raised, person=scene.rita, note="mine", now=scene.now)
    assert told_at(scene, 60) == []
    scene.step(WITHIN)
    scene.step(OVER)  # the same breach, reopened, is told anew
    scene.step(WITHIN)
    assert told_at(scene, 60) == []
    assert set(Alert.objects.values_list("escalations", flat=True)) == {0}


def test_one_that_somebody_is_taking_now_is_left_to_them_and_holds_up_nobody(scene: Scene):
    """Their transaction is another connection's; what it gives back untaken goes up at the next look."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT FROM margin_alert FOR UPDATE")
        assert told_at(scene, 2) == []
        other.rollback()
    finally:
        other.close()
    assert told_at(scene, 2) == [EVE, RITA]


def test_open_pages_are_told_that_it_went_up(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    heard: list[str] = []
    monkeypatch.setattr("margin.flow.escalate.send_alerts_changed", heard.append)
    told_at(scene, 1)
    assert heard == []
    told_at(scene, 2)
    assert heard == ["PRIME"]


def test_a_warning_waits_longer_and_information_waits_for_nobody(scene: Scene):
    raised = Alert.objects.get()
    assert raised.answer_by == raised.raised_at + 2 * MINUTE
    for severity, minutes in (("warning", 15), ("info", None)):
        row = Alert(severity=severity, raised_at=scene.now)
        set_deadline(row)
        assert row.answer_by == (None if minutes is None else scene.now + minutes * MINUTE)


def test_what_went_up_equally_far_comes_in_one_letter_worst_first(scene: Scene):
    raised = Alert.objects.get()
    for name, severity in (("second", "critical"), ("first", "critical"), ("mild", "warning")):
        raised.pk, raised.key, raised.title, raised.severity = None, name, name, severity
        raised.raised_at -= MINUTE
        set_deadline(raised)
        raised.save()
    assert told_at(scene, 12) == [ADA, EVE, EVE, RITA, RITA, VIC]
    both = Delivery.objects.filter(kind="escalation", recipient=RITA).order_by("id")
    subjects = [letter.subject for letter in both]
    assert subjects == [
        "Unanswered for 14 min, Prime: 3 alerts, first first",
        "Unanswered for 15 min, Prime: mild",
    ]
    places = [both[0].text.index(name) for name in (": first", ": second", ": ACME")]
    assert places == sorted(places)
    assert "Nobody has taken 3 alerts for 14 min" in both[0].html


def test_the_audit_trail_says_who_was_told_each_time(scene: Scene):
    told_at(scene, 2)
    told_at(scene, 4)
    events = AuditEvent.objects.filter(action="alert.escalated").order_by("id")
    assert [event.after["told"] for event in events] == [["rita", "eve"], ["rita", "eve", "ada"]]
    assert {event.subject for event in events} == {f"alert:{Alert.objects.get().pk}"}
