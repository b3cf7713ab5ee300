"""The admin's plain pages and files never change the terms of a row that stands; their own pages propose."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import Asset, Client, Desk, Proposal, Role
from margin.models import Instrument, InstrumentSource, Loading, RiskFactor
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
INLINE = {"sub_accounts-TOTAL_FORMS": "0", "sub_accounts-INITIAL_FORMS": "0"}


@pytest.fixture
def ada_in(cast: Cast, client: Browser) -> Browser:
    client.force_login(cast.ada)
    return client


def test_the_page_of_a_client_renames_it_and_leaves_its_class(cast: Cast, ada_in: Browser) -> None:
    acme = factories.client("ACME", of=cast.prime)
    page = reverse("admin:accounts_client_change", args=[acme.pk])
    sent = {"name": "Renamed", "status": "active", "regulatory_class": "eligible", **INLINE}
    assert ada_in.post(page, sent).status_code == 302
    acme.refresh_from_db()
    assert (acme.name, acme.regulatory_class) == ("Renamed", "professional")


def test_the_page_of_a_class_proposes_it(cast: Cast, ada_in: Browser) -> None:
    acme = factories.client("ACME", of=cast.prime)
    page = reverse("admin:margin_clientclass_change", args=[acme.pk])
    assert ada_in.get(page).status_code == 200
    said = ada_in.post(page, {"regulatory_class": "retail_uk", "reason": "reclassified"})
    proposal = Proposal.objects.get()
    assert said.url == reverse("admin:accounts_proposal_change", args=[proposal.pk])
    assert Client.objects.get().regulatory_class == "professional"
    ada_in.force_login(cast.eve)
    ada_in.post(reverse("admin:decide_proposal", args=[proposal.pk, "approve"]))
    assert Client.objects.get().regulatory_class == "retail_uk"


def test_the_page_of_an_instrument_leaves_its_terms_and_sources(cast: Cast, ada_in: Browser) -> None:
    row = factories.instrument("BTC-PERP")
    other = factories.schedule("LAX")
    page = reverse("admin:margin_instrument_change", args=[row.pk])
    assert ada_in.get(page).status_code == 200
    source, loading = row.sources.get(), factors_move(row)
    sent = {
        "name": "Renamed", "product": "cfd", "asset_class": "metal", "venue": row.venue_id,
        "tick": "9", "lot": "9", "active": "on", "schedule": other.pk, "fee_rate": "0",
        "cap_class": "gold", "jump_band": "9", "guard_band": "9",
        "sources-TOTAL_FORMS": "1", "sources-INITIAL_FORMS": "1", "sources-0-id": source.pk,
        "sources-0-DELETE": "on", "sources-0-instrument": row.pk,
        "loadings-TOTAL_FORMS": "1", "loadings-INITIAL_FORMS": "1", "loadings-0-id": loading.pk,
        "loadings-0-instrument": row.pk, "loadings-0-factor": loading.factor_id, "loadings-0-loading": "9",
        "rate_paths-TOTAL_FORMS": "0", "rate_paths-INITIAL_FORMS": "0",
    }  # fmt: skip
    assert ada_in.post(page, sent).status_code == 302
    found = Instrument.objects.get()
    assert (found.name, found.schedule.code, found.cap_class) == ("Renamed", "FLAT", "crypto")
    assert (found.product, found.asset_class) == (row.product, row.asset_class)
    assert max(found.guard_band, found.tick, found.lot) < 1
    assert InstrumentSource.objects.exists()
    assert Loading.objects.get().loading == 1


def test_the_page_of_a_loading_proposes_it(cast: Cast, ada_in: Browser) -> None:
    loading = factors_move(factories.instrument("BTC-PERP"))
    page = reverse("admin:margin_loading_change", args=[loading.pk])
    assert ada_in.get(page).status_code == 200
    ada_in.post(page, {"loading": "1.5", "reason": "it moves more by now"})
    proposal = Proposal.objects.get()
    assert Loading.objects.get().loading == 1, "proposed, not in force"
    ada_in.post(reverse("admin:decide_proposal", args=[proposal.pk, "approve"]))
    assert Loading.objects.get().loading == 1, "nobody approves their own"
    ada_in.force_login(cast.eve)
    ada_in.post(reverse("admin:decide_proposal", args=[proposal.pk, "approve"]))
    assert Loading.objects.get().loading == Decimal("1.5")


def test_the_page_of_its_terms_proposes_them(cast: Cast, ada_in: Browser) -> None:
    row = factories.instrument("BTC-PERP")
    page = reverse("admin:margin_instrumentterms_change", args=[row.pk])
    form = ada_in.get(page).context["adminform"].form
    sent = {name: value for name, value in form.initial.items() if value is not None} | {"fee_rate": "0.002"}
    ada_in.post(page, {**sent, "allow_negative": "", "reason": "the venue raised it"})
    proposal = Proposal.objects.get()
    assert (proposal.kind, proposal.change["fee_rate"]) == ("instrument_terms", "0.002")
    ada_in.force_login(cast.eve)
    ada_in.post(reverse("admin:decide_proposal", args=[proposal.pk, "approve"]))
    assert str(Instrument.objects.get().fee_rate.normalize()) == "0.002"


def test_the_page_of_an_instrument_does_not_switch_it_off(cast: Cast, ada_in: Browser) -> None:
    """Prices of an inactive instrument are refused, and whoever holds it has no figures."""
    row = factories.instrument("BTC-PERP")
    page = reverse("admin:margin_instrument_change", args=[row.pk])
    sent = {
        "name": "Renamed", "product": "perpetual", "asset_class": "crypto", "venue": row.venue_id,
        "tick": "0.01", "lot": "0.001",
        **{f"{name}-{form}_FORMS": "0" for name in ("sources", "loadings", "rate_paths")
           for form in ("TOTAL", "INITIAL")},
    }  # fmt: skip
    assert ada_in.post(page, sent).status_code == 302
    found = Instrument.objects.get()
    assert (found.name, found.active) == ("Renamed", True)


def test_the_page_of_an_asset_leaves_its_terms_and_their_own_page_proposes_them(
    cast: Cast, ada_in: Browser
) -> None:
    row = factories.asset("BTC", Asset.Kind.COIN)
    terms = {"shock_loading": "0", "step": "1000"}
    page = reverse("admin:accounts_asset_change", args=[row.pk])
    assert ada_in.post(page, {"name": "Bitcoin", "kind": "coin", **terms}).status_code == 302
    found = Asset.objects.get(code="BTC")
    assert (found.name, found.shock_loading, found.step) == ("Bitcoin", 1, Decimal("0.01"))
    page = reverse("admin:margin_assetterms_change", args=[row.pk])
    assert ada_in.get(page).status_code == 200
    ada_in.post(page, {**terms, "reason": "it moves no more"})
    proposal = Proposal.objects.get()
    assert Asset.objects.get(code="BTC").shock_loading == 1, "proposed, not in force"
    ada_in.force_login(cast.eve)
    ada_in.post(reverse("admin:decide_proposal", args=[proposal.pk, "approve"]))
    found = Asset.objects.get(code="BTC")
    assert (found.shock_loading, found.step) == (0, 1000)


def test_a_file_changes_no_terms_of_a_standing_asset(cast: Cast, ada_in: Browser) -> None:
    factories.asset("BTC", Asset.Kind.COIN, scale=8)
    columns = "code,name,kind,scale,shock_loading,step"
    bring(ada_in, f"{columns}\nBTC,Bitcoin,coin,8,0,0.01\n", "asset")
    bring(ada_in, f"{columns}\nBTC,Bitcoin,coin,8,1,1000\n", "asset")
    assert Asset.objects.get(code="BTC").name == "BTC"
    bring(ada_in, f"{columns}\nBTC,Bitcoin,coin,8,1,0.01\n", "asset")
    assert Asset.objects.get(code="BTC").name == "Bitcoin"


def test_a_desk_keeps_the_currency_it_began_with(cast: Cast, ada_in: Browser) -> None:
    factories.grant(cast.ada, cast.prime, Role.ADMINISTRATOR)
    other = factories.asset("EUR")
    page = reverse("admin:accounts_desk_change", args=[cast.prime.pk])
    sent = {"name": "Renamed", "zone": "UTC", "reporting_currency": other.pk}
    assert ada_in.post(page, sent).status_code == 302
    found = Desk.objects.get(pk=cast.prime.pk)
    assert (found.name, found.reporting_currency.code) == ("Renamed", "USD")


def test_a_file_changes_no_class_of_a_standing_client_and_may_bring_new_clients(
    cast: Cast, ada_in: Browser
) -> None:
    factories.client("ACME", of=cast.prime)
    columns = "code,name,desk,regulatory_class,status,shard"
    bring(ada_in, f"{columns}\nACME,Acme,PRIME,eligible,active,1\n")
    assert Client.objects.get().regulatory_class == "professional"
    bring(ada_in, f"{columns}\nACME,Renamed,PRIME,professional,active,1\nNEW,New,PRIME,retail_eu,active,1\n")
    assert sorted(Client.objects.values_list("name", flat=True)) == ["New", "Renamed"]


def factors_move(row: Instrument) -> Loading:
    """The instrument takes on all of one factor's move."""
    factor, _ = RiskFactor.objects.get_or_create(code="CRYPTO", name="Crypto", asset_class="crypto")
    return Loading.objects.create(instrument=row, factor=factor, loading=1)


def bring(browser: Browser, text: str, noun: str = "client") -> None:
    file = SimpleUploadedFile("rows.csv", text.encode())
    page = browser.post(f"/admin/accounts/{noun}/import/", {"import_file": file, "format": "0"})
    if page.status_code == 200 and "confirm_form" in page.context:
        browser.post(f"/admin/accounts/{noun}/process_import/", page.context["confirm_form"].initial)
