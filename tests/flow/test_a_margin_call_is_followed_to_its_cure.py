"""A margin call from its draft to its cure: by whom, when, how much, and what stands in its history.

ACME's equity at a price p is p - 50,000; with a buffer of 25 % the call comes below 1.25 % of p. At 50,600
the equity is 600, the house asks 632.50, and 454.17 bring it to 60 %.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError

from accounts.ledger import reverse
from accounts.models import AuditEvent, HouseBuffer, Role, Transfer, User
from margin.flow import call_deeds as deeds
from margin.flow.transfer import Inside, Move, Outside, move_money
from margin.models import Alert, CallEvent, Delivery, MarginCall, ShardState
from riskdesk.errors import Refusal
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
CALLED, URGENT, SAFE, FIVE_MINUTES, AN_HOUR = "50600", "50520", "58000", 300, 3600


@pytest.fixture
def scene() -> Scene:
    made = make_scene(cap="1000")
    factories.buffer(made.desk, "0.25")
    made.client.email = "margin@acme.example"
    made.client.save()
    made.btc.stale_soft_seconds, made.btc.stale_hard_seconds = 90000, 90001
    made.btc.save()
    return made


@pytest.fixture
def ada(scene: Scene) -> User:
    person = factories.person("ada")
    factories.grant(person, scene.desk, Role.LIMITS_ADMIN)
    return person


def the_call() -> MarginCall:
    return MarginCall.objects.get()


def history() -> list[tuple[str, str]]:
    return list(CallEvent.objects.order_by("id").values_list("deed", "because"))


def deposit(scene: Scene, amount: str, reference: str = "wire-1") -> None:
    move = Move(reference, "USD", Decimal(amount), Outside("bank"), Inside(scene.account, "wallet"))
    with scene.clock():
        assert not isinstance(move_money(move=move, person=scene.rita, now=scene.now), Refusal)
    scene.cycle()


def issued(scene: Scene) -> MarginCall:
    scene.step(CALLED)
    row = deeds.issue(the_call(), scene.rita, note="", now=scene.now)
    assert isinstance(row, MarginCall)
    return row


def refused(answer: MarginCall | Refusal) -> str:
    assert isinstance(answer, Refusal), answer
    return f"{answer.field}.{answer.rule}"


def test_a_call_is_drafted_once_with_what_it_rests_on(scene: Scene):
    for price in (CALLED, CALLED):
        scene.step(price)
    row = the_call()
    assert (row.state, row.kind, row.amount) == ("draft", "intraday", Decimal("454.17"))
    assert row.basis["pools"] == [
        {
            "pool": "cross",
            "level": "margin_call",
            "equity": "600",
            "house_maintenance": "632.5",
            "missing": "454.17",
        }
    ]
    assert history() == [("draft", "short_of_house")]
    assert not Delivery.objects.filter(kind="call").exists()


def test_a_draft_follows_the_price_and_is_dropped_when_the_account_recovers(scene: Scene):
    scene.step(CALLED)
    scene.step("50590")
    assert the_call().amount == Decimal("463.96")  # 632.375 / 0.6 - 590, up to the cent
    scene.step(SAFE)
    assert (the_call().state, history()[-1]) == ("cancelled", ("cancel", "recovered_before_issue"))


def test_nobody_acts_and_after_five_minutes_it_issues_itself(scene: Scene):
    scene.step(CALLED)
    scene.step(CALLED, seconds=FIVE_MINUTES - 1)
    assert the_call().state == "draft"
    scene.step(CALLED, seconds=1)
    row = the_call()
    assert (row.state, row.issued_by, row.issued_at) == ("issued", None, scene.now)
    assert row.due_at == scene.now + timedelta(minutes=60)
    letter = Delivery.objects.get(kind="call")
    assert (letter.recipient, letter.state, letter.call_id) == ("margin@acme.example", "waiting", row.pk)
    assert letter.run_id == str(CallEvent.objects.get(call=row, deed="issue").run_id)
    assert "454.17 USD" in letter.subject
    assert "cross: equity 600, required 632.5, missing 454.17" in letter.text


def test_a_person_issues_it_and_a_payment_meets_it(scene: Scene):
    issued(scene)
    deposit(scene, "454.17")
    row = the_call()
    assert (row.state, row.cure, row.paid, row.closed_at) == ("met", "deposit", Decimal("454.17"), scene.now)
    assert history() == [("draft", "short_of_house"), ("issue", ""), ("meet", "paid")]
    assert Delivery.objects.get(kind="call").run_id == "", "a person has called, no run"
    audited = AuditEvent.objects.get(action="call.issue")
    assert (audited.actor, audited.before["state"], audited.after["state"]) == (scene.rita, "draft", "issued")


def test_payments_in_parts_count_together_and_once(scene: Scene):
    issued(scene)
    deposit(scene, "200", "wire-1")
    scene.cycle()
    assert (the_call().state, the_call().paid) == ("issued", Decimal(200))
    deposit(scene, "254.17", "wire-2")
    assert (the_call().state, the_call().payments.count()) == ("met", 2)


def test_a_payment_that_is_reversed_counts_no_longer(scene: Scene):
    issued(scene)
    deposit(scene, "200")
    with scene.clock():
        wire = Transfer.objects.get(reference="wire-1")
        reverse(transfer=wire, reference="wire-1-back", recorded_by=scene.rita, valid_at=scene.now)
    scene.cycle()
    assert the_call().paid == 0


def test_what_was_paid_before_it_was_issued_pays_no_call(scene: Scene):
    deposit(scene, "100")
    scene.step("50500")
    deeds.issue(the_call(), scene.rita, note="", now=scene.now)
    scene.cycle()
    assert the_call().paid == 0


def test_more_that_is_missing_raises_the_same_call_and_tells_the_client_again(scene: Scene):
    issued(scene)
    scene.step(URGENT)
    row = the_call()
    assert (row.amount, row.kind) == (Decimal("532.50"), "urgent")  # 631.50 / 0.6 - 520
    assert row.due_at == scene.now + timedelta(minutes=15)
    assert history()[-1] == ("raise", "more_is_missing")
    first, second = Delivery.objects.filter(kind="call").order_by("id").values_list("text", flat=True)
    assert ("the\nsooner one counts" in first, "the\nsooner one counts" in second) == (False, True)
    scene.step("50515", seconds=60)
    assert (the_call().amount, the_call().due_at) == (row.amount, row.due_at), "a tick is no new letter"
    assert Delivery.objects.filter(kind="call").count() == 2


def test_a_call_that_is_not_paid_in_time_is_overdue_and_says_so(scene: Scene):
    issued(scene)
    scene.step(CALLED, seconds=AN_HOUR - 2)
    assert the_call().state == "issued"
    scene.step(CALLED, seconds=2)
    assert the_call().state == "overdue"
    alert = Alert.objects.get(reason="call_overdue")
    assert alert.title == "ACME-1: margin call of 454.17 USD is overdue"
    assert alert.severity == "critical"
    deposit(scene, "454.17")
    alert.refresh_from_db()
    assert (the_call().state, alert.state) == ("met", "resolved")


def test_what_was_overdue_is_over_when_it_is_cancelled_or_gets_more_time_and_may_be_again(
    scene: Scene, ada: User
):
    call = issued(scene)
    scene.step(CALLED, seconds=AN_HOUR)
    later = scene.now + timedelta(hours=1)
    deeds.ask_extension(call, scene.rita, due_at=later, note="wire is on its way", now=scene.now)
    deeds.decide_extension(call, ada, give=True, note="", now=scene.now)
    assert alerts_of_lateness() == ["resolved"]
    scene.step(CALLED, seconds=AN_HOUR)
    assert alerts_of_lateness() == ["resolved", "open"]
    deeds.cancel(call, scene.rita, note="a wrong price", now=scene.now)
    assert alerts_of_lateness() == ["resolved", "resolved"]


def alerts_of_lateness() -> list[str]:
    return list(Alert.objects.filter(reason="call_overdue").order_by("id").values_list("state", flat=True))


def test_the_market_or_a_reduction_may_cure_it(scene: Scene):
    issued(scene)
    scene.step(SAFE)
    assert (the_call().state, the_call().cure) == ("met", "market")


def test_positions_that_were_closed_are_named_as_the_cure(scene: Scene):
    issued(scene)
    scene.account.positions.update(revision_to=factories.revision(1))
    scene.cycle()
    assert (the_call().state, the_call().cure) == ("met", "reduction")


def test_a_buffer_that_was_lowered_is_named_as_the_cure(scene: Scene):
    """At 50,900 the equity is 900: 509 of maintenance use 57 % of it, 636.25 with the buffer 71 %."""
    issued(scene)
    HouseBuffer.objects.update(revision_to=factories.revision())
    scene.step("50900")
    assert (the_call().state, the_call().cure) == ("met", "parameter")


def test_what_was_paid_in_part_is_named_before_the_market_that_did_the_rest(scene: Scene):
    issued(scene)
    deposit(scene, "200")
    scene.step(SAFE)
    assert (the_call().state, the_call().cure, the_call().paid) == ("met", "deposit", Decimal(200))


def test_a_deed_is_shown_by_a_run_of_its_own(scene: Scene):
    scene.step(CALLED)
    ShardState.objects.update(wanted_at=None)
    deeds.issue(the_call(), scene.rita, note="", now=scene.now)
    assert ShardState.objects.get(shard=1).wanted_at is not None


def test_nothing_leaves_while_a_call_is_open(scene: Scene):
    issued(scene)
    out = Move("out-1", "USD", Decimal(1), Inside(scene.account, "wallet"), Outside("bank"))
    answer = move_money(move=out, person=scene.rita, now=scene.now)
    assert isinstance(answer, Refusal)
    assert answer.rule == "call_open"


def test_who_asks_for_more_time_does_not_give_it(scene: Scene, ada: User):
    call, later = issued(scene), scene.now + timedelta(hours=3)
    factories.grant(scene.rita, scene.desk, Role.LIMITS_ADMIN)
    assert isinstance(
        deeds.ask_extension(call, scene.rita, due_at=later, note="wire is on its way", now=scene.now),
        MarginCall,
    )
    assert (
        refused(deeds.decide_extension(call, scene.rita, give=True, note="", now=scene.now))
        == "person.second_person"
    )
    taken_back = deeds.decide_extension(call, scene.rita, give=False, note="", now=scene.now)
    assert isinstance(taken_back, MarginCall)
    deeds.ask_extension(call, scene.rita, due_at=later, note="wire is on its way", now=scene.now)
    given = deeds.decide_extension(call, ada, give=True, note="seen the wire", now=scene.now)
    assert isinstance(given, MarginCall)
    assert the_call().due_at == later
    again = deeds.ask_extension(
        call, scene.rita, due_at=later + timedelta(hours=1), note="more", now=scene.now
    )
    assert refused(again) == "call.extended_before"


def test_more_time_that_is_over_already_is_not_given_but_may_be_refused(scene: Scene, ada: User):
    call = issued(scene)
    until = scene.now + timedelta(hours=2)
    deeds.ask_extension(call, scene.rita, due_at=until, note="wire", now=scene.now)
    assert refused(deeds.decide_extension(call, ada, give=True, note="", now=until)) == "due_at.range"
    assert isinstance(deeds.decide_extension(call, ada, give=False, note="too late", now=until), MarginCall)


def test_the_database_itself_refuses_ones_own_extension(scene: Scene):
    call = issued(scene)
    deeds.ask_extension(call, scene.rita, due_at=scene.now + timedelta(hours=3), note="wire", now=scene.now)
    with pytest.raises(IntegrityError, match="nobody_gives_their_own_extension"):
        call.extensions.update(given=True, decided_by=scene.rita, decided_at=scene.now)


def test_deeds_that_do_not_fit_are_refused_by_name(scene: Scene, ada: User):
    scene.step(CALLED)
    draft, rita, now = the_call(), scene.rita, scene.now
    assert refused(deeds.deliver(draft, rita, note="phone", now=now)) == "call.not_issued"
    assert refused(deeds.cancel(draft, rita, note=" ", now=now)) == "note.required"
    call = issued(scene)
    assert refused(deeds.issue(call, rita, note="", now=now)) == "call.not_a_draft"
    assert refused(deeds.dispute(call, rita, amount=Decimal("454.18"), note="no", now=now)) == "amount.range"
    assert refused(deeds.ask_extension(call, rita, due_at=now, note="late", now=now)) == "due_at.range"
    assert refused(deeds.decide_extension(call, ada, give=True, note="", now=now)) == "call.none_waits"
    assert isinstance(deeds.confirm(call, rita, note="by phone", now=now), MarginCall)
    assert refused(deeds.confirm(call, rita, note="", now=now)) == "call.acknowledged_already"
    assert refused(deeds.deliver(call, rita, note="again", now=now)) == "call.delivered_already"
    deeds.cancel(call, rita, note="wrong price", now=now)
    assert refused(deeds.dispute(call, rita, amount=Decimal(1), note="x", now=now)) == "call.call_closed"


def test_a_history_is_never_changed(scene: Scene):
    issued(scene)
    with pytest.raises(IntegrityError, match="never changed"):
        CallEvent.objects.update(note="nothing happened")


def test_nothing_is_met_or_drafted_on_an_unknown_price(scene: Scene):
    call = issued(scene)
    scene.later(90002)
    scene.cycle()
    call.refresh_from_db()
    assert call.state == "overdue"  # time passes all the same
    deposit(scene, "454.17")
    assert the_call().state == "overdue"
    scene.step(CALLED)
    assert the_call().state == "met"
