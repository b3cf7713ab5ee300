"""The Celery application. Tasks are the doors in `margin.tasks`; settings live in `riskdesk.settings`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskdesk.settings")
os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")  # OpenMP dies in a forked child

app = Celery("riskdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["margin"])
