"""Price, breach row, alert, letter: each once, with the run's id in every one, and gone when it is over."""

import pytest

from margin.models import Alert, Breach, Delivery
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def states() -> list[tuple[str, str]]:
    return sorted(Breach.objects.values_list("rule", "state"))


def test_a_client_through_its_cap_is_told_of_once_however_many_runs_see_it(scene: Scene, hints: list):
    scene.step("60000")
    assert states() == []
    outcome = scene.step("55500")
    assert states() == [("client_leverage", "open")]
    for _ in range(3):
        scene.step("55500")
    breach, alert, letter = Breach.objects.get(), Alert.objects.get(), Delivery.objects.get()
    assert str(breach.opened_by_id) == str(alert.run_id) == letter.run_id == outcome.run
    assert (alert.severity, alert.state, alert.reason) == ("critical", "open", "breach_opened")
    assert letter.recipient == "rita@desk.example"
    assert [hint["alerts"] for hint in hints] == [False, True, False, False, False]
