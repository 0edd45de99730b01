"""`--since`: every way to write a moment, and one line for everything else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamgam.app.commands.syncing import parse_when
from hamgam.errors import UsageError

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("6h", NOW - timedelta(hours=6)),
        ("3d", NOW - timedelta(days=3)),
        ("0m", NOW),
        ("۶h", NOW - timedelta(hours=6)),
        ("2026-11-24", datetime(2026, 11, 23, 20, 30, tzinfo=UTC)),
        ("2026-11-24T10:30", datetime(2026, 11, 24, 7, 0, tzinfo=UTC)),
        ("2026-11-24 10:30:15", datetime(2026, 11, 24, 7, 0, 15, tzinfo=UTC)),
        ("2026-11-24T10:30Z", datetime(2026, 11, 24, 10, 30, tzinfo=UTC)),
        ("2026-11-24T10:30+03:30", datetime(2026, 11, 24, 7, 0, tzinfo=UTC)),
        ("1405/09/03", datetime(2026, 11, 23, 20, 30, tzinfo=UTC)),
        ("1405-9-3", datetime(2026, 11, 23, 20, 30, tzinfo=UTC)),
        (" ۱۴۰۵/۰۹/۰۳ ", datetime(2026, 11, 23, 20, 30, tzinfo=UTC)),
        ("2021-06-01", datetime(2021, 5, 31, 19, 30, tzinfo=UTC)),  # summer time, while Iran had it
    ],
)
def test_a_moment(written: str, meant: datetime) -> None:
    when = parse_when(written, NOW)
    assert when == meant
    assert when.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "gestern",
        "5",
        "5w",
        "-3d",
        "3.5h",
        "2026-13-01",
        "2026-02-30",
        "1405/13/01",
        "1405/12/31",
        "24/11/2026",
        "9999999m",
        "999999d",
        "0001-01-01",
        "2026-11-24T25:00",
    ],
)
def test_no_moment_is_told_in_one_line(written: str) -> None:
    with pytest.raises(UsageError, match=r"^--since: [^\n]*is no time[^\n]*$"):
        parse_when(written, NOW)


@pytest.mark.parametrize(
    "written", ["2026-11-25", "2026-11-24T15:31", "1405/09/04", "1499/01/01", "2026-11-24T12:01Z"]
)
def test_the_future_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match="future"):
        parse_when(written, NOW)


@given(st.text(max_size=20) | st.from_regex(r"\d{1,4}[-/]\d{1,2}[-/]\d{1,2}(T\d\d:\d\d)?", fullmatch=True))
def test_any_text_is_a_moment_or_a_usage_error(written: str) -> None:
    try:
        when = parse_when(written, NOW)
    except UsageError:
        return
    assert when <= NOW
    assert when.utcoffset() == timedelta(0)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2026, 11, 24), timezones=st.just(UTC)))
def test_a_moment_with_a_zone_is_itself(when: datetime) -> None:
    assert parse_when(when.isoformat(), NOW) == when
