"""/metrics: what it says, and to whom."""

import pytest
import redis
from django.db import OperationalError
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from accounts import tokens
from accounts.models import Role
from margin.models import PriceRefusal
from riskdesk import broker, metrics
from tests import factories

pytestmark = pytest.mark.usefixtures("well")


@pytest.fixture
def collector(client, cast):
    secret = tokens.issue(person=cast.vic, name="collector", scopes=["metrics"]).secret
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return client


def values(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (s.name, *(s.labels[name] for name in sorted(s.labels))): s.value
        for family in families
        for s in family.samples
    }


def test_a_collector_reads_ages_counts_queues_and_timings(collector, well):
    PriceRefusal.objects.create(
        source="sim", instrument="X", reason="unknown_instrument", count=4, last_value="1", last_at=well
    )
    found = values(collector)
    assert found["riskdesk_recompute_age_seconds", "1"] < 20
    assert found["riskdesk_feed_age_seconds", "sim"] < 30
    assert found["riskdesk_heartbeat_age_seconds", "risk"] < 20
    assert found["riskdesk_queue_messages", "general"] == 3
    assert found["riskdesk_run_step_milliseconds", "0.95", "recompute"] == 12.5
    assert found["riskdesk_runs_committed_total", "1"] == 1
    assert found["riskdesk_prices_refused_total", "unknown_instrument", "sim"] == 4
    assert found["riskdesk_database_up",] == found["riskdesk_valkey_up",] == 1


def test_a_missing_broker_is_a_figure_and_not_an_error(collector, monkeypatch):
    def away():
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(broker, "queue_lengths", away)
    assert values(collector)["riskdesk_valkey_up",] == 0


@pytest.mark.parametrize(
    ("name", "part", "where", "trouble"),
    [
        ("valkey", "Valkey", (broker, "queue_lengths"), redis.ConnectionError("gone")),
        ("database", "PostgreSQL", (metrics, "take_vitals"), OperationalError("gone")),
    ],
)
def test_a_part_that_cannot_be_reached_is_one_line_and_its_return_another(
    collector, monkeypatch, name, part, where, trouble
):
    def away():
        raise trouble

    monkeypatch.setattr(metrics, "reached", metrics.Reached())
    with capture_logs() as lines:
        assert values(collector)[f"riskdesk_{name}_up",] == 1
        with monkeypatch.context() as broken:
            broken.setattr(*where, away)
            assert [values(collector)[f"riskdesk_{name}_up",] for _ in range(3)] == [0, 0, 0]
        assert [values(collector)[f"riskdesk_{name}_up",] for _ in range(3)] == [1, 1, 1]
    said = [line for line in lines if line["event"].startswith("metrics.")]
    assert [(line["event"], line["part"], line.get("error")) for line in said] == [
        ("metrics.unreached", part, "gone"),
        ("metrics.reached", part, None),
    ]


def test_without_the_database_nobody_is_known_which_is_no_fault_of_ours(collector, monkeypatch):
    def away(secret):
        raise OperationalError("gone")

    monkeypatch.setattr(tokens, "find", away)
    answer = collector.get("/metrics")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:riskdesk:problem:database-away")


def test_a_stranger_is_asked_to_sign_in_on_this_machine_too(client):
    answer = client.get("/metrics")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')


def test_only_an_administrator_reads_them_in_the_browser(client, cast):
    for person in (cast.rita, cast.vic, cast.ada, cast.nobody):
        client.force_login(person)
        assert client.get("/metrics").status_code == 403
    factories.grant(cast.nobody, cast.prime, Role.ADMINISTRATOR)
    assert values(client)


def test_only_a_token_of_scope_metrics_reads_them(client, cast):
    scoped = tokens.issue(person=cast.vic, name="collector", scopes=["metrics"]).secret
    other = tokens.issue(person=cast.vic, name="reader", scopes=["read:PRIME"]).secret
    for secret, status in ((scoped, 200), (other, 403), ("rdk_nonsense", 401), ("", 401)):
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["errors"][0]["value"] == "metrics"
