"""A way out is a channel, a carrier and a writer; with the three, alerts and digests reach people on it."""

import pytest
from django.test import Client

from margin.models import Delivery
from margin.notify.carriers import CARRIERS
from margin.notify.email import Letter
from margin.notify.letters import WRITERS, Writer, compose_digests
from margin.notify.outbox import send_due
from tests.flow.scene import Scene, make_scene
from tests.notify.loft import Loft

OVER = "55500"


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return make_scene()


@pytest.fixture
def lofts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Loft]:
    """Mails and pigeons are both caught; pigeons are made for this test."""
    lofts = {"mail": Loft(), "pigeon": Loft()}
    for channel, loft in lofts.items():
        monkeypatch.setitem(CARRIERS, channel, lambda loft=loft: loft)
    return lofts


def writer(**more: object) -> Writer:
    return Writer(
        recipients=lambda person: [f"roof of {person.username}"],
        alert=lambda alert: Letter("coo", f"{alert.title}, in few words", ""),
        **more,
    )


def test_each_channel_has_its_carrier_and_its_writer() -> None:
    assert set(CARRIERS) == set(WRITERS) == set(Delivery.Channel.values)


def test_an_alert_goes_out_on_every_way_in_the_words_of_each(
    scene: Scene, lofts: dict[str, Loft], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WRITERS, "pigeon", writer())
    scene.step(OVER)
    assert send_due(scene.now) == {"sent": 2}
    assert lofts["mail"].carried == ["rita@desk.example"]
    assert lofts["pigeon"].carried == ["roof of rita"]
    mail, pigeon = Delivery.objects.order_by("channel")
    assert (pigeon.alert, pigeon.run_id, pigeon.state) == (mail.alert, mail.run_id, "sent")
    assert pigeon.text == f"{pigeon.alert.title}, in few words"


def test_the_mail_room_shows_mails_and_nothing_that_went_another_way(
    scene: Scene, lofts: dict[str, Loft], monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setitem(WRITERS, "pigeon", writer())
    scene.step(OVER)
    client.force_login(scene.rita, "django.contrib.auth.backends.ModelBackend")
    mail, pigeon = Delivery.objects.order_by("channel")
    assert client.get(f"/mail/{mail.message_id}/").status_code == 200
    assert client.get(f"/mail/{pigeon.message_id}/").status_code == 404


def test_a_digest_goes_out_on_the_ways_that_have_one(
    scene: Scene, lofts: dict[str, Loft], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WRITERS, "pigeon", writer())
    compose_digests(scene.desk, scene.now)
    monkeypatch.setitem(WRITERS, "pigeon", writer(digest=lambda desk, now: Letter("coo", desk.name, "")))
    compose_digests(scene.desk, scene.now)
    assert send_due(scene.now) == {"sent": 3}
    assert len(lofts["mail"].carried) == 2
    assert lofts["pigeon"].carried == ["roof of rita"]
