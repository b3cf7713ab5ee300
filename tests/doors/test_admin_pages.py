"""The admin: nouns findable and cut to the desks of the caller, no query per row, rules by proposal."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Client, Proposal, Role
from margin.models import Breach, Limit, Run, ScheduleVersion
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
OURS = [
    model
    for model in admin.site._registry
    if model._meta.app_label in {"accounts", "margin", "django_celery_beat"}
]


@pytest.fixture
def ada_in(cast: Cast, client: Browser) -> Browser:
    client.force_login(cast.ada)
    return client


def listing(model: type) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_noun_has_a_page_that_opens(ada_in: Browser, model: type) -> None:
    assert ada_in.get(listing(model)).status_code == 200


@pytest.mark.parametrize("name", ["rita", "vic", "otto", "nobody"])
def test_who_is_not_staff_finds_no_admin(cast: Cast, client: Browser, name: str) -> None:
    client.force_login(getattr(cast, name))
    answer = client.get("/admin/", follow=False)
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/admin/login/?next=/admin/")


def test_rows_of_other_desks_do_not_exist(cast: Cast, ada_in: Browser) -> None:
    factories.client("MINE", of=cast.prime)
    other = factories.client("THEIRS", of=cast.retail)
    page = ada_in.get(listing(Client)).content.decode()
    assert "MINE" in page
    assert "THEIRS" not in page
    assert ada_in.get(reverse("admin:accounts_client_change", args=[other.pk])).status_code == 302


@pytest.mark.parametrize(
    "url", ["accounts_client", "margin_positionversion", "margin_limit", "accounts_transfer"]
)
def test_a_list_asks_no_query_per_row(cast: Cast, ada_in: Browser, url: str) -> None:
    def fill(number: int) -> None:
        account = factories.sub_account(
            f"C{number:02d}-1", of=factories.client(f"C{number:02d}", of=cast.prime)
        )
        instrument = factories.instrument(f"I{number:02d}")
        factories.position(account, instrument, "1", "100")
        factories.balance(account, "100")
        factories.limit(cast.prime, "5", scope="client", client=account.client)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert ada_in.get(reverse(f"admin:{url}_changelist")).status_code == 200
        return len(asked)

    fill(1)
    queries()  # content types and the like are asked once and kept
    few = queries()
    for number in range(2, 9):
        fill(number)
    assert queries() == few


LIMIT = {"kind": "leverage", "scope": "desk", "value": "10", "reason": "calm"}


def test_saving_a_limit_makes_a_proposal_that_another_admin_approves(cast: Cast, ada_in: Browser) -> None:
    said = ada_in.post("/admin/margin/limit/add/", {**LIMIT, "desk": cast.prime.pk})
    proposal = Proposal.objects.get()
    assert said.url == reverse("admin:accounts_proposal_change", args=[proposal.pk])
    assert not Limit.objects.exists()
    deed = reverse("admin:decide_proposal", args=[proposal.pk, "approve"])
    ada_in.post(deed)
    assert not Limit.objects.exists(), "its author approved it"
    ada_in.force_login(cast.eve)
    ada_in.post(deed, {"note": "agreed"})
    assert Limit.objects.get().value == 10


def test_editing_a_limit_proposes_the_next_version(cast: Cast, ada_in: Browser) -> None:
    limit = factories.limit(cast.prime, "10")
    page = reverse("admin:margin_limit_change", args=[limit.pk])
    assert ada_in.get(page).status_code == 200
    ada_in.post(page, {"value": "8", "reason": "storm"})
    assert Proposal.objects.get().change["value"] == "8"
    assert Limit.objects.get().value == 10


def test_a_refused_value_is_said_beside_its_field(cast: Cast, ada_in: Browser) -> None:
    page = ada_in.post("/admin/margin/limit/add/", {**LIMIT, "desk": cast.prime.pk, "value": "-1"})
    assert page.status_code == 200
    assert "limit_is_positive" in page.content.decode()
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("typed", ["1e5", "1E5", " 2e1"])
def test_an_exponent_is_refused_with_its_field_value_and_rule(
    cast: Cast, ada_in: Browser, typed: str
) -> None:
    page = ada_in.post("/admin/margin/limit/add/", {**LIMIT, "desk": cast.prime.pk, "value": typed})
    assert f"Value: “{typed.strip()}” is refused (plain_digits)" in page.content.decode()
    assert not Proposal.objects.exists()


def test_the_heading_of_a_refused_change_shows_what_is_in_force(cast: Cast, ada_in: Browser) -> None:
    limit = factories.limit(cast.prime, "10")
    page = ada_in.post(reverse("admin:margin_limit_change", args=[limit.pk]), {"value": "-7", "reason": "x"})
    assert page.status_code == 200
    assert page.context["subtitle"] == str(page.context["original"]) == str(limit)
    assert 'value="-7"' in page.content.decode(), "what was typed stays in its field"


def test_the_index_says_how_many_proposals_wait_for_this_person(cast: Cast, ada_in: Browser) -> None:
    ada_in.post("/admin/margin/limit/add/", {**LIMIT, "desk": cast.prime.pk})
    assert "for your decision" not in ada_in.get("/admin/").content.decode(), "its author does not decide"
    ada_in.force_login(cast.eve)
    assert "<b>1</b> proposal waits for your decision" in ada_in.get("/admin/").content.decode()
    reject = reverse("admin:decide_proposal", args=[Proposal.objects.get().pk, "reject"])
    assert "Say why" in ada_in.post(reject, follow=True).content.decode()
    ada_in.post(reject, {"note": "Too low"})
    assert "for your decision" not in ada_in.get("/admin/").content.decode()


def test_ending_a_limit_is_a_proposal_too(cast: Cast, ada_in: Browser) -> None:
    limit = factories.limit(cast.prime, "10")
    ada_in.post(reverse("admin:margin_limit_delete", args=[limit.pk]), {"post": "yes"})
    assert Proposal.objects.get().change["end"] is True
    assert Limit.objects.filter(revision_to__isnull=True).exists()


def test_a_limit_that_was_ever_broken_can_be_ended(cast: Cast, ada_in: Browser) -> None:
    limit = factories.limit(cast.prime, "10")
    run = Run.objects.create(shard_id=1, started_at=factories.MONDAY_NOON, trigger="prices")
    Breach.objects.create(
        desk=cast.prime, client=factories.client("ACME", of=cast.prime), limit=limit, rule="client_leverage",
        subject="client:ACME", state="open", reason="above", opened_at=factories.MONDAY_NOON, opened_by=run,
        changed_at=factories.MONDAY_NOON,
    )  # fmt: skip
    page = reverse("admin:margin_limit_delete", args=[limit.pk])
    asked = ada_in.get(page).content.decode()
    assert "Propose the end" in asked
    assert "would require deleting" not in asked
    ada_in.post(page, {"post": "yes"})
    assert Proposal.objects.get().change["end"] is True
    assert Limit.objects.filter(revision_to__isnull=True).exists()


def test_tiers_are_edited_together_and_proposed_together(cast: Cast, ada_in: Browser) -> None:
    version = ScheduleVersion.objects.get(schedule=factories.schedule("FLAT"))
    tier = version.tiers.get()
    rows = {
        "tiers-TOTAL_FORMS": "2", "tiers-INITIAL_FORMS": "1",
        "tiers-0-id": tier.pk, "tiers-0-version": version.pk,
        "tiers-0-floor": "0", "tiers-0-initial_rate": "0.05", "tiers-0-maintenance_rate": "0.02",
        "tiers-1-version": version.pk, "tiers-1-floor": "1000", "tiers-1-initial_rate": "0.1",
        "tiers-1-maintenance_rate": "0.05",
    }  # fmt: skip
    page = reverse("admin:margin_scheduleversion_change", args=[version.pk])
    assert ada_in.get(page).status_code == 200
    ada_in.post(page, {**rows, "reason": "larger books"})
    assert [row["floor"] for row in Proposal.objects.get().change["rows"]] == ["0", "1000"]
    assert version.tiers.get().maintenance_rate == Decimal("0.01"), "the version in force was changed"
    falling = ada_in.post(page, {**rows, "tiers-1-maintenance_rate": "0.01", "reason": "x"})
    assert "may not fall" in falling.content.decode()


def test_a_proposal_page_shows_the_difference(cast: Cast, ada_in: Browser) -> None:
    limit = factories.limit(cast.prime, "10")
    ada_in.post(reverse("admin:margin_limit_change", args=[limit.pk]), {"value": "8000", "reason": "storm"})
    proposal = Proposal.objects.get()
    page = ada_in.get(reverse("admin:accounts_proposal_change", args=[proposal.pk])).content.decode()
    assert "You proposed this" in page
    assert "<strong>8,000×</strong>" in page
    room = reverse("limit_change", args=[proposal.pk])
    assert f"See what it would do: {room}</a>" in page
    ada_in.force_login(cast.eve)
    assert ada_in.get(room).status_code == 200, "the second person finds the dry run there"


def test_an_import_shows_its_difference_first_and_takes_one_revision(
    cast: Cast, ada_in: Browser, tmp_path: Path
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from accounts.models import Shard
    from margin.models import Venue

    factories.venue("SIM")
    file = SimpleUploadedFile("v.csv", b"code,name\nSIM,Simulated\nNEW,New venue\n")
    page = ada_in.post("/admin/margin/venue/import/", {"import_file": file, "format": "0"})
    assert page.status_code == 200
    assert not Venue.objects.filter(code="NEW").exists()
    before = Shard.objects.get(number=0).revision
    confirm = page.context["confirm_form"].initial
    ada_in.post("/admin/margin/venue/process_import/", confirm)
    assert Venue.objects.get(code="NEW").name == "New venue"
    assert Shard.objects.get(number=0).revision == before + 1
    assert list((tmp_path / "uploads").iterdir()) == [], "what was confirmed does not stay"
    for name in (confirm["import_file_name"], "..", "passwd"):
        again = ada_in.post(
            "/admin/margin/venue/process_import/", confirm | {"import_file_name": name}, follow=True
        )
        assert "That file is not here any more" in again.content.decode()


def test_an_account_shows_its_buffer_and_caps_and_where_each_comes_from(cast: Cast, ada_in: Browser) -> None:
    account = factories.sub_account("ACME-1", of=factories.client("ACME", of=cast.prime))
    factories.buffer(cast.prime, "0.10")
    factories.buffer(cast.prime, "0.25", client=account.client)
    factories.limit(cast.prime, "20")
    factories.limit(cast.prime, "10", scope="client", client=account.client)
    page = ada_in.get(reverse("admin:accounts_subaccount_change", args=[account.pk])).content.decode()
    assert "House buffer 25.00%, from client ACME" in page
    assert "Leverage cap 10×, from client ACME (the tightest, so it binds)" in page


def test_a_buffer_shows_what_the_accounts_in_its_scope_get(cast: Cast, ada_in: Browser) -> None:
    account = factories.sub_account("ACME-1", of=factories.client("ACME", of=cast.prime))
    buffer = factories.buffer(cast.prime, "0.10")
    factories.buffer(cast.prime, "0", sub_account=account)
    page = ada_in.get(reverse("admin:accounts_housebuffer_change", args=[buffer.pk])).content.decode()
    assert "1 sub-accounts: 0.00%, from sub-account ACME-1" in page


def test_a_schedule_shows_its_amounts_worked(cast: Cast, ada_in: Browser) -> None:
    tiers = (("0", "0.02", "0.01"), ("50000", "0.04", "0.02"))
    version = ScheduleVersion.objects.get(schedule=factories.schedule("STEPS", tiers))
    page = ada_in.get(reverse("admin:margin_scheduleversion_change", args=[version.pk])).content.decode()
    assert "100,000 of notional requires 1,500.00 of maintenance" in page


def imported(browser: Browser, noun: str, text: str) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("rows.csv", text.encode())
    page = browser.post(f"/admin/accounts/{noun}/import/", {"import_file": file, "format": "0"})
    if page.status_code == 200 and "confirm_form" in page.context:
        browser.post(f"/admin/accounts/{noun}/process_import/", page.context["confirm_form"].initial)


def test_a_file_reaches_no_row_of_another_desk(cast: Cast, ada_in: Browser) -> None:
    factories.client("THEIRS", of=cast.retail)
    columns = "code,name,desk,regulatory_class,status,shard"
    imported(ada_in, "client", f"{columns}\nTHEIRS,Taken,PRIME,professional,active,1\n")
    imported(ada_in, "client", f"{columns}\nNEWONE,Put there,RETAIL,professional,active,1\n")
    assert list(Client.objects.values_list("code", "name", "desk__code")) == [
        ("THEIRS", "Theirs Trading", "RETAIL")
    ]


def test_a_file_changes_nothing_that_is_fixed(cast: Cast, ada_in: Browser) -> None:
    factories.grant(cast.ada, cast.retail, Role.LIMITS_ADMIN)
    factories.client("MINE", of=cast.prime)
    columns = "code,name,desk,regulatory_class,status,shard"
    imported(ada_in, "client", f"{columns}\nMINE,Moved,RETAIL,professional,active,1\n")
    assert Client.objects.get().desk == cast.prime
    imported(ada_in, "client", f"{columns}\nMINE,Renamed,PRIME,professional,active,1\n")
    assert Client.objects.get().name == "Renamed"


def test_a_right_on_one_desk_adds_nothing_to_another(cast: Cast, ada_in: Browser) -> None:
    factories.grant(cast.ada, cast.retail, Role.VIEWER)
    row = {
        "code": "NEWONE",
        "name": "New",
        "regulatory_class": "professional",
        "status": "active",
        "shard": 1,
    }
    inline = {"sub_accounts-TOTAL_FORMS": "0", "sub_accounts-INITIAL_FORMS": "0"}
    ada_in.post("/admin/accounts/client/add/", {**row, **inline, "desk": cast.retail.pk})
    assert not Client.objects.exists()
    ada_in.post("/admin/accounts/client/add/", {**row, **inline, "desk": cast.prime.pk})
    assert Client.objects.get().desk == cast.prime


def test_nobody_takes_their_own_sign_in_from_themselves(cast: Cast, client: Browser) -> None:
    factories.grant(cast.ada, cast.prime, Role.ADMINISTRATOR)
    client.force_login(cast.ada)
    for person, stays in ((cast.ada, True), (cast.vic, False)):
        page = reverse("admin:accounts_user_change", args=[person.pk])
        assert client.post(page, {"first_name": "New"}).status_code == 302
        person.refresh_from_db()
        assert (person.first_name, person.is_active) == ("New", stays)
    cast.ada.refresh_from_db()
    assert cast.ada.is_staff, "nobody else might be there to give it back"


def test_nobody_sets_the_password_of_who_approves(cast: Cast, client: Browser) -> None:
    factories.grant(cast.ada, cast.prime, Role.ADMINISTRATOR)
    client.force_login(cast.ada)
    page = reverse("admin:auth_user_password_change", args=[cast.eve.pk])
    assert client.get(page).status_code == 403


def test_a_limit_is_shown_once_and_plainly_and_is_proposed_not_saved(cast: Cast, ada_in: Browser) -> None:
    limit = factories.limit(cast.prime, "10")
    page = ada_in.get(reverse("admin:margin_limit_change", args=[limit.pk])).content.decode()
    assert page.count("field-scope") == 1
    assert 'name="value" value="10"' in page
    assert 'value="Propose"' in page
    assert "_addanother" not in page
    listed = ada_in.get(reverse("admin:margin_limit_changelist")).content.decode()
    assert ">10<" in listed
    assert "10.000" not in listed
    assert f"{limit.valid_at:%Y-%m-%d %H:%M}" in listed
