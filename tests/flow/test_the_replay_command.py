"""`manage.py replay RUN` says the same or what differs, and ends with a number that a script can read."""

from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from margin.models import Run
from tests.flow.scene import make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run() -> Run:
    return Run.objects.get(pk=make_scene().step("59000").run)


def replay(run: object) -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("replay", str(run), stdout=said)
    except SystemExit as ended:
        return int(ended.code or 0), said.getvalue()
    return 0, said.getvalue()


def test_the_same_engine_gives_the_same_digest(run: Run):
    code, said = replay(run.pk)
    assert code == 0
    assert said.count(run.figures_digest) == 2
    assert "the same" in said


def test_other_figures_under_the_same_engine_are_a_fault_and_named(run: Run):
    run.prices["BTC-PERP"]["mark"] = "58000"
    run.save()
    code, said = replay(run.pk)
    assert code == 1
    assert "NOT THE SAME" in said
    assert "desk PRIME, equity: 9000.00 then, 8000.00 now" in said
    assert "account ACME-1, equity: 9000.00 then, 8000.00 now" in said


def test_another_engine_has_a_number_of_its_own(run: Run):
    Run.objects.update(engine_version="another", figures_digest="0" * 64)
    code, said = replay(run.pk)
    assert code == 3
    assert "engine another then" in said


def test_the_beginning_of_an_id_is_enough(run: Run):
    code, said = replay(run.pk.hex[:8].upper())
    assert (code, f"run {run.pk}" in said) == (0, True)
    assert replay(str(run.pk)[:13])[0] == 0


def test_a_beginning_of_two_ids_is_refused(run: Run):
    run.pk = UUID(run.pk.hex[:31] + ("0" if run.pk.hex[31] != "0" else "1"))
    run.seq = None
    run.save(force_insert=True)
    with pytest.raises(CommandError, match="several runs"):
        call_command("replay", run.pk.hex[:31])


@pytest.mark.parametrize("name", ["nonsense", "0b8e6c2", "0b8e6c2e-5a6c-4f0e-9d3f-1c8f4a7b2d19"])
def test_an_unknown_run_is_refused(name: str):
    with pytest.raises(CommandError) as refused:
        call_command("replay", name)
    assert refused.value.returncode == 2


def test_a_run_without_figures_is_refused(run: Run):
    Run.objects.update(state=Run.State.FAILED)
    with pytest.raises(CommandError, match="only a committed run"):
        call_command("replay", str(run.pk))
