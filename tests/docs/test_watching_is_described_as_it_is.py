"""The page on watching names exactly the parts, metrics and jobs there are."""

import re
from pathlib import Path

import pytest

from margin import tasks
from riskdesk import workers
from riskdesk.celery import app
from riskdesk.schedule import CLOCK, recompute_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operating/watching.md").read_text()


def table(heading: str) -> str:
    return next(part for part in re.split(r"^## ", PAGE, flags=re.M) if part.startswith(heading))


def test_every_part_of_readiness_is_named():
    code = (ROOT / "riskdesk/health.py").read_text()
    named = re.findall(r"^\| `([a-z]+)` \|", table("`/healthz`"), re.M)
    assert set(named) == set(re.findall(r'Finding\("([a-z]+)"', code))


def test_every_metric_is_named_with_its_labels():
    code = (ROOT / "riskdesk/metrics.py").read_text()
    rows = re.findall(r"^\| (`riskdesk_[^|]+) \|", table("`/metrics`"), re.M)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(
        re.findall(r'"(riskdesk_\w+)"', code)
    )


def test_every_job_of_the_clock_is_named_as_it_is():
    rows = re.findall(r"^\| ([A-Z][^|]+) \| `([\w.]+)` \| (\d+) s \| (\w+) \|", table("The clock"), re.M)
    jobs = [*CLOCK, recompute_of(1)]
    assert sorted(rows) == sorted((j.name, j.task, str(j.every_seconds), j.queue) for j in jobs)


@pytest.mark.parametrize("job", [*CLOCK, recompute_of(1)], ids=lambda job: job.name)
def test_every_job_of_the_clock_has_a_door(job):
    assert tasks
    assert job.task in app.tasks


def test_the_limits_of_workers_are_as_described():
    tasks_each, kilobytes = workers.GENERAL.tasks_per_child, workers.GENERAL.memory_per_child_kilobytes
    assert f"{tasks_each:,} tasks or at {kilobytes // 1000} MB" in PAGE
