"""Which addresses of a PostgreSQL server are right, found out without connecting. Pure."""

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

_OPTIONS = {
    "port": "[0-9]{0,5}",
    "connect_timeout": "[0-9]{0,6}",
    "sslmode": "|disable|allow|prefer|require|verify-ca|verify-full",
    "channel_binding": "|disable|prefer|require",
    "gssencmode": "|disable|prefer|require",
    "target_session_attrs": "|any|read-write|read-only|primary|standby|prefer-standby",
}
"""Options whose values the database library would look at only when it connects."""


def checked_database_url(url: str) -> str:
    """The address in its usual spelling. Raises `ValueError`, without any part of it, when it is wrong."""
    url = re.sub(r"^postgres://", "postgresql://", url)
    if not re.fullmatch(r"postgresql://\S+", url):
        raise ValueError
    try:
        known, shown = conninfo_to_dict(url), make_url(url)
    except (psycopg.Error, SQLAlchemyError, ValueError):
        raise ValueError from None
    host = shown.host or shown.query.get("host", "")
    parts = {"user": shown.username, "password": shown.password, "host": host, "dbname": shown.database}
    # Both parsers will meet it. Where they differ, a special character is not encoded.
    if any((known.get(name) or "") != (part or "") for name, part in parts.items()):
        raise ValueError
    if "@" in host or not all(
        re.fullmatch(rule, str(known.get(name, ""))) for name, rule in _OPTIONS.items()
    ):
        raise ValueError
    if not 1 <= int(known.get("port") or 5432) <= 65535:
        raise ValueError
    return url
