"""How the two systems write time. What comes in is aware UTC; object dates are naive Tehran time."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

TEHRAN = ZoneInfo("Asia/Tehran")

Clock = Callable[[], datetime]


def utcnow() -> datetime:
    return datetime.now(UTC)


def object_date(at: datetime, digits: int) -> str:
    """Tehran time without an offset, cut to so many fractional digits."""
    local = at.astimezone(TEHRAN)
    seconds = f"{local:%Y-%m-%dT%H:%M:%S}"
    if digits == 0:
        return seconds
    if digits == 7:
        return f"{seconds}.{local.microsecond:06d}0"
    return date_key(f"{seconds}.{local.microsecond // 1000:03d}")


def date_key(text: str) -> str:
    """A spelling of an object date that compares as text: the same instant has one key."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def query_date(text: str) -> str:
    """The key of a date that a client asks for. Raises ValueError unless it is naive ISO 8601."""
    whole, _, fraction = text.partition(".")
    if len(whole) == 10:
        whole += "T00:00:00"
    if datetime.fromisoformat(whole).tzinfo or (fraction and not fraction.isdigit()):
        raise ValueError("an object date has no offset")
    return date_key(f"{whole}.{fraction}") if fraction else whole


def expiry_date(at: datetime) -> str:
    """Tehran time with its offset and seven fractional digits, as tokens carry it."""
    text = at.astimezone(TEHRAN).isoformat(timespec="microseconds")
    return f"{text[:26]}2{text[26:]}"


def jalali_date(at: datetime) -> str:
    """The Persian calendar date in Tehran, such as 1404/09/04."""
    local = at.astimezone(TEHRAN)
    date = JalaliDate(local.date())  # type: ignore[no-untyped-call]
    return f"{date.year}/{date.month:02d}/{date.day:02d}"


def jalali_year(at: datetime) -> int:
    return int(jalali_date(at)[:4])
