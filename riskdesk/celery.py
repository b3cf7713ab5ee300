"""The Celery application. Tasks are the doors in `margin.tasks`; settings live in `riskdesk.settings`."""

import os
from pathlib import Path
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskdesk.settings")
os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")  # OpenMP dies in a forked child

app = Celery("riskdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["margin"])


def show_sign_of_work(**_: Any) -> None:
    """A finished task proves the whole loop; the launcher replaces a worker that shows no such sign."""
    if heartbeat := os.environ.get("RISKDESK_HEARTBEAT"):
        Path(heartbeat).touch()


def refuse_on_errors(**_: Any) -> None:
    """Django stands by now. SystemExit passes through the signal; an ordinary exception would not."""
    from riskdesk.start import refuse_on_errors as refuse

    refuse()


for signal in (signals.celeryd_init, signals.beat_init):
    signal.connect(refuse_on_errors)
signals.task_postrun.connect(show_sign_of_work)
