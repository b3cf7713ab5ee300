"""A critical alert is mailed to who answers for its desk: risk managers and administrators, each once."""

import pytest

from accounts.models import Role, RoleGrant
from margin.models import Delivery
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
OVER = "55500"


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def mailed(scene: Scene) -> list[str]:
    scene.step(OVER)
    return list(Delivery.objects.order_by("recipient").values_list("recipient", flat=True))


def test_neither_viewers_nor_limits_admins_nor_other_desks_are_mailed(scene: Scene):
    roles = {"eve": Role.ADMINISTRATOR, "vic": Role.VIEWER, "ada": Role.LIMITS_ADMIN}
    for name, role in roles.items():
        factories.grant(factories.person(name), scene.desk, role)
    factories.grant(factories.person("otto"), factories.desk("RETAIL"), Role.RISK_MANAGER)
    assert mailed(scene) == ["eve@desk.example", "rita@desk.example"]


def test_who_lost_the_role_was_switched_off_or_has_no_address_is_not_mailed(scene: Scene):
    names = {"gone": {}, "off": {"is_active": False}, "mute": {"email": ""}}
    for name, fields in names.items():
        person = factories.person(name)
        factories.grant(person, scene.desk, Role.RISK_MANAGER)
        type(person).objects.filter(pk=person.pk).update(**fields)
    RoleGrant.objects.filter(user__username="gone").update(revision_to=factories.revision())
    assert mailed(scene) == ["rita@desk.example"]
