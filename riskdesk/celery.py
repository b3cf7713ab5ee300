"""The Celery application: one for web, workers and clock.

Takes settings; gives `app`. Tasks are the doors in `margin.tasks`; what a worker is, by its queue, stands in
`riskdesk.workers`. Here only the hooks: refuse an unsafe start, log like everybody, keep one living database
connection per process, show the supervisor that messages are taken.
"""

import contextlib
import os
import signal
from pathlib import Path
from threading import Timer
from typing import Any

import structlog
from celery import Celery, signals
from django_structlog.celery.steps import DjangoStructLogInitStep

from riskdesk.workers import kind_of

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskdesk.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # Celery would run them and look away; we refuse
os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")  # OpenMP dies in a forked child

CONNECTION_SECONDS = 600
FINISH_WITHIN_SECONDS = 2.0  # then three are left until the launcher kills

log = structlog.get_logger(__name__)

app = Celery("riskdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["margin"])
app.steps["worker"].add(DjangoStructLogInitStep)  # ids travel with the messages
app.Task.Request = "riskdesk.received:ReceivedMessage"  # a broker lost with a message in hand is noticed


def refuse_on_errors(**_: Any) -> None:
    """Django stands by now. SystemExit passes through the signal; an ordinary exception would not."""
    from riskdesk.start import refuse_on_errors as refuse

    refuse(tags=["riskdesk"])  # of pages and addresses a worker has none, and its start shall be short


def fit_to_queue(conf: Any, options: dict[str, Any], **_: Any) -> None:
    """Before the pool is made: the queue's kind sets the limits the command line left open."""
    kind = kind_of(_words(options.get("queues")) or [conf.task_default_queue])
    if not options.get("concurrency"):
        conf.worker_concurrency = kind.processes
    conf.worker_max_tasks_per_child = kind.tasks_per_child
    conf.worker_max_memory_per_child = kind.memory_per_child_kilobytes
    if kind.warms_up:
        signals.worker_process_init.connect(warm_up)


def keep_connections(**_: Any) -> None:
    """In a fresh child: one connection for many tasks. Celery's own hook would reconnect for each."""
    from django.db import connections

    for name in connections:
        connections[name].settings_dict["CONN_MAX_AGE"] = CONNECTION_SECONDS


def warm_up(**_: Any) -> None:
    """The first cycle shall not pay for imports and connection. From here on prices are awaited."""
    from django.db import connection

    from margin.flow.awaited import begin
    from riskdesk.clock import now

    app.loader.import_default_modules()  # the tasks, and with them every step
    connection.ensure_connection()
    begin(now())


def mend_connections(**_: Any) -> None:
    """Before and after each task: a connection that died or aged is dropped, and the next query makes one."""
    from django.db import close_old_connections

    close_old_connections()


def show_sign_of_life(**_: Any) -> None:
    """The supervisor replaces a worker or a clock whose file stands still: it lives, but does not work."""
    if path := os.environ.get("RISKDESK_HEARTBEAT"):
        with contextlib.suppress(OSError):
            Path(path).touch()


def configure_logs(**_: Any) -> None:
    """A receiver here keeps Celery from setting up logging of its own."""
    from django.conf import settings

    from riskdesk.logs import configure

    configure(settings.LOGGING)


def say_ready(sender: Any, **_: Any) -> None:
    log.info("worker.ready", queues=sorted(queue.name for queue in sender.task_consumer.queues))


def give_up_soon(how: str, **_: Any) -> None:
    """Asked to stop, a worker finishes what it is at. What takes longer goes back: QUIT cancels it, and it is
    done again by whoever comes next.

    Celery's own soft shutdown sleeps, so that it does not see its work end.
    """
    if how == "Warm":
        quit_at_last = Timer(FINISH_WITHIN_SECONDS, os.kill, (os.getpid(), signal.SIGQUIT))
        quit_at_last.daemon = True
        quit_at_last.start()


def _words(queues: Any) -> list[str]:
    return queues.split(",") if isinstance(queues, str) else list(queues or ())


signals.celeryd_init.connect(refuse_on_errors)
signals.celeryd_init.connect(fit_to_queue)
signals.beat_init.connect(refuse_on_errors)
signals.setup_logging.connect(configure_logs)
signals.worker_process_init.connect(keep_connections)
signals.worker_ready.connect(say_ready)
signals.worker_shutting_down.connect(give_up_soon)
signals.task_prerun.connect(mend_connections)
signals.task_postrun.connect(mend_connections)
signals.task_postrun.connect(show_sign_of_life)
