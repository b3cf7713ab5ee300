"""One log for web, workers and clock: JSON, one line per event, on standard error.

Takes LOG_LEVEL and LOG_FORMAT; sets up structlog and the standard library's logging alike, so that ours and
everybody else's lines look the same and carry the request's and the run's id. Whatever a value holds, a line
stays one line; values of secret names are not written.
"""

import json
import logging
import logging.config
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_NAMES = re.compile(
    r"password|passwd|secret|token|authorization|cookie|api_?key|session_?(?:key|id)", re.I
)
HIDDEN = "***"
DEEPEST = 6  # what is nested deeper is not written: it may also be a circle
LONGEST_REFUSAL = 300
FIRST = ("time", "level", "event")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
PROBES = ("/healthz", "/readyz", "/metrics")
# Where they speak below this level, somebody else has said it already, or nobody wants to know.
LOUD_FROM = {
    "django.request": "CRITICAL",  # our own line about the request says it, with its id
    "django.server": "WARNING",
    "django.db.backends": "WARNING",
    "django.channels.server": "WARNING",
    "django_celery_beat": "WARNING",
    "celery": "WARNING",
    "celery.app.trace": "CRITICAL",  # a failed task is told by task_failed, with its ids
    "kombu": "WARNING",
    "uvicorn": "WARNING",
    "uvicorn.error": "WARNING",
    "uvicorn.access": "WARNING",
    "websockets": "WARNING",
    "asyncio": "WARNING",
    "axes": "WARNING",
    "numba": "WARNING",
    "redis": "WARNING",
    "mail.log": "WARNING",
    "concurrent.futures": "WARNING",
}


class RefusedPlainly(logging.Filter):
    """What Django turned away as suspicious (a wrong host, a filter nobody offers) is a stranger's mistake:
    a warning of one line, and no fault of ours with a trace that fills the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args, record.exc_info = record.getMessage()[:LONGEST_REFUSAL], (), None
        return True


class StandardError(logging.Handler):
    """Writes to whatever standard error is at that moment, a whole line at once."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - the door of the log itself: it must never stop the work
            self.handleError(record)


def configure(config: dict[str, Any]) -> None:
    """Called by Django with its LOGGING, by Celery, and by whoever runs without either."""
    level, console = config.get("level", "INFO"), config.get("format") == "console"
    structlog.configure(
        processors=OWN_LINES,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(standard(level=level, console=console))
    logging.captureWarnings(capture=True)


def shared() -> list[Processor]:
    """What a line gets, whoever wrote it."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
    ]


def standard(*, level: str, console: bool) -> dict[str, Any]:
    """The standard library's half. Handlers that servers gave their own loggers are taken away."""
    quiet = {name: _logger(louder(level, least)) for name, least in LOUD_FROM.items()}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared(),
                "processors": list(rendering(console=console)),
            }
        },
        "filters": {"plainly": {"()": RefusedPlainly}},
        "handlers": {"line": {"()": StandardError, "formatter": "line", "filters": ["plainly"]}},
        "root": {"handlers": ["line"], "level": level},
        "loggers": {"django": _logger(level), **quiet},
    }


def rendering(*, console: bool) -> Iterable[Processor]:
    yield structlog.stdlib.ProcessorFormatter.remove_processors_meta
    yield hide_secrets
    if console:
        yield escape_controls
        yield structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), timestamp_key="time")
    else:
        yield structlog.processors.format_exc_info
        yield render_json


def louder(level: str, least: str) -> str:
    number = logging.getLevelNamesMapping()
    return max(level, least, key=number.__getitem__)


def drop_probes(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Probes ask several times a second; what they find is told in other lines."""
    path = str(event.get("request", "")).partition(" ")[2]
    if path in PROBES and event.get("event") in ("request_started", "request_finished"):
        raise structlog.DropEvent
    return event


def hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Also inside of values: headers as a mapping or as pairs. What the caller holds stays as it is."""
    for name, value in event.items():
        event[name] = _hidden(name, value, DEEPEST)
    return event


def _hidden(name: object, value: Any, deepest: int) -> Any:
    if value and _is_secret(name):
        return HIDDEN
    if not isinstance(value, Mapping | list | tuple):
        return value
    if deepest == 0:
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _hidden(key, inner, deepest - 1) for key, inner in value.items()}
    inside = [_hidden("", inner, deepest - 1) for inner in value]
    if len(inside) == 2 and _is_secret(value[0]):
        inside[1] = HIDDEN
    return tuple(inside) if isinstance(value, tuple) else inside


def _is_secret(name: object) -> bool:
    text = name.decode("latin-1") if isinstance(name, bytes) else name
    return isinstance(text, str) and SECRET_NAMES.search(text) is not None


def escape_controls(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """For the console: no value may end the line or speak to the terminal."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = CONTROL.sub(lambda found: repr(found[0])[1:-1], value)
    return event


def render_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    """ASCII only, so that no line separator of any alphabet gets through."""
    ordered = {name: event.pop(name) for name in FIRST if name in event} | dict(sorted(event.items()))
    try:
        return json.dumps(ordered, default=str, allow_nan=False)
    except (ValueError, TypeError):  # a NaN, a cycle, a key that is no text: better odd than lost
        return json.dumps({str(name): str(value) for name, value in ordered.items()})


OWN_LINES: list[Processor] = [
    structlog.stdlib.filter_by_level,
    drop_probes,
    *shared(),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]
"""One list for good: a logger keeps the one it began with, and whoever listens in changes it in place."""


def _logger(level: str) -> dict[str, Any]:
    return {"handlers": [], "level": level, "propagate": True}
