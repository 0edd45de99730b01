"""Normal forms of Persian text, and the Persian calendar."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamgam.persian import (
    TEHRAN,
    digits_key,
    email_key,
    jalali_date,
    parse_jalali,
    phone_key,
    text_key,
    to_latin_digits,
    to_persian_digits,
    website_key,
)

KEYS = [text_key, digits_key, phone_key, email_key, website_key]

PERSIAN_LETTERS = "ابپتسشکگیئآأهةۀيىكـ"
TYPED = st.text(
    alphabet=st.one_of(
        st.sampled_from(PERSIAN_LETTERS + "۰۱۹٠١٩019 \t\u200c\u200b\u200d\u200e\u064b\u0651\u0654\u0301"),
        st.sampled_from("AaZz+-()./:@#?xtphs;="),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=30,
)


@pytest.mark.parametrize("key", KEYS)
@given(text=TYPED)
def test_a_key_of_a_key_is_the_key(key, text):
    assert key(key(text)) == key(text)


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_idempotent_on_every_letter_of_the_scripts_that_fold(key):
    letters = map(chr, [*range(0x3000), *range(0xF900, 0x10000)])
    once = {letter: key("ی" + letter) for letter in letters}
    assert [letter for letter, folded in once.items() if key(folded) != folded] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("علي", "علی"),
        ("علی\u200cرضا", "علی رضا"),
        ("می\u200cرود", "می  رود"),
        ("شركت", "شرکت"),
        ("ﺷﺮﻛﺖ", "شرکت"),
        ("پلاک ۱۲", "پلاك ١٢"),
        ("پلاک 12", "پلاک ۱۲"),
        ("سـپـهر", "سپهر"),
        ("مُحَمَّد", "محمد"),
        ("خانهٔ ما", "خانۀ ما"),
        ("\u200fتهران\u200e ", "\ufeffتهران"),
        ("خیابان\u00a0آزادی\r\nکوچه", "خیابان آزادی کوچه"),
        ("مسي\u0654ول", "مسئول"),
        ("Cafe\u0301", "Café"),
        ("Cafe\u200d\u0301", "Café"),
    ],
)
def test_spellings_of_one_text_are_equal(one, other):
    assert text_key(one) == text_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("مسئول", "مسیول"),
        ("آب", "اب"),
        ("دایرة", "دایره"),
        ("می\u200cرود", "میرود"),
        ("Ali", "ali"),
        ("", "-"),
    ],
)
def test_other_texts_stay_other(one, other):
    assert text_key(one) != text_key(other)


@given(words=st.lists(st.text(alphabet="سپهرتجارت12", min_size=1, max_size=6), max_size=5), data=st.data())
def test_any_blank_between_words_is_the_same(words, data):
    blanks = [data.draw(st.sampled_from([" ", "  ", "\u200c", " \u200c", "\u00a0", "\n"])) for _ in words]
    assert text_key("".join(map("".join, zip(words, blanks, strict=True)))) == " ".join(words)


@given(text=st.text())
def test_digits_go_both_ways(text):
    latin = to_latin_digits(text)
    assert to_latin_digits(to_persian_digits(text)) == latin
    assert not set(latin) & set("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")


def test_only_digits_change():
    assert to_latin_digits("علي ۱۲٣") == "علي 123"
    assert to_persian_digits("علي 12٣") == "علي ۱۲۳"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("۰۰۱۲۳۴۵۶۷۸", "0012345678"),
        ("001-234567-8", "0012345678"),
        (" 15 875\u200c12345 ", "1587512345"),
        ("a 1234567", "A1234567"),
        ("", ""),
        ("-", ""),
    ],
)
def test_digits_key(text, key):
    assert digits_key(text) == key


def test_passports_that_differ_in_a_letter_are_not_one():
    assert digits_key("A1234567") != digits_key("B1234567")


MOBILE = "+989123456789"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("09123456789", MOBILE),
        ("9123456789", MOBILE),
        ("+989123456789", MOBILE),
        ("00989123456789", MOBILE),
        ("989123456789", MOBILE),
        ("+98 (0)912 345 6789", MOBILE),
        ("۰۹۱۲ ۳۴۵ ۶۷۸۹", MOBILE),
        ("٠٩١٢-٣٤٥-٦٧٨٩", MOBILE),
        ("\u200e0912.345.6789\u200f", MOBILE),
        ("021-88776655", "+982188776655"),
        ("(021) 8877 6655", "+982188776655"),
        ("02188776655 داخلی ۱۲", "+982188776655;ext=12"),
        ("021 88776655 ext 12", "+982188776655;ext=12"),
        ("+1 650 253 0000", "+16502530000"),
        ("001 650 253 0000", "+16502530000"),
        ("8877-6655", "88776655"),
        ("۱۲۳", "123"),
        ("1234", "1234"),
        ("0000000", "0000000"),
        ("+9123456789", "+9123456789"),
        ("09121234567 - 09351234567", "0912123456709351234567"),
        ("شماره ندارد", "شماره ندارد"),
        ("88776655/6", "88776655/6"),
        ("", ""),
    ],
)
def test_phone_key(text, key):
    assert phone_key(text) == key


PHONE_DIGITS = st.from_regex(r"[1-9][0-9]{9}", fullmatch=True)


@given(national=PHONE_DIGITS, prefix=st.sampled_from(["0", "+98", "0098", "98", "+98 0", "98-0"]))
def test_every_prefix_of_an_iranian_number_is_one_number(national, prefix):
    spelled = f"{prefix}{national[:3]}-{national[3:6]} {national[6:]}"
    assert phone_key(spelled) == phone_key(to_persian_digits(spelled)) == "+98" + national


@given(text=st.from_regex(r"\+?[0-9 ]{1,16}( ?(ext|x|#|داخلی) ?[0-9]{1,5})?", fullmatch=True))
def test_phone_keys_of_numbers_are_idempotent(text):
    assert phone_key(phone_key(text)) == phone_key(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [("  Ali.R@Example.COM ", "ali.r@example.com"), ("ali @example.com", "ali@example.com"), ("", "")],
)
def test_email_key(text, key):
    assert email_key(text) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("https://Example.com/", "example.com"),
        ("HTTP://example.com", "example.com"),
        ("example.com/Path/", "example.com/Path"),
        ("www.example.com", "www.example.com"),
        (" example.com ", "example.com"),
        ("http://http://example.com", "example.com"),
        ("", ""),
    ],
)
def test_website_key(text, key):
    assert website_key(text) == key


def test_the_year_changes_at_midnight_in_tehran():
    last_second = datetime(2026, 3, 20, 20, 29, 59, tzinfo=UTC)
    assert jalali_date(last_second) == "1404/12/29"
    assert jalali_date(last_second + timedelta(seconds=1)) == "1405/01/01"


@pytest.mark.parametrize(
    ("moment", "day", "clock"),
    [
        (datetime(2025, 11, 25, 14, 3, tzinfo=UTC), "1404/09/04", "17:33"),
        (datetime(2025, 3, 20, 20, 29, tzinfo=UTC), "1403/12/30", "23:59"),  # a leap year
        (datetime(2021, 6, 21, 19, 30, tzinfo=UTC), "1400/04/01", "00:00"),  # Tehran had summer time then
        (datetime(2025, 11, 25, 17, 33, tzinfo=timezone(timedelta(hours=3.5))), "1404/09/04", "17:33"),
    ],
)
def test_dates_go_both_ways(moment, day, clock):
    assert jalali_date(moment) == day
    assert parse_jalali(day, clock) == moment


@given(st.datetimes(datetime(2023, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))
def test_every_minute_goes_both_ways(moment):
    minute = moment.replace(second=0, microsecond=0)
    parsed = parse_jalali(jalali_date(minute), f"{minute.astimezone(TEHRAN):%H:%M}")
    assert parsed == minute
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(("day", "clock"), [("۱۴۰۴/۹/۴", "۱۷:۳۳"), (" 1404-09-04 ", "17:33:00")])
def test_other_spellings_of_a_date(day, clock):
    assert parse_jalali(day, clock) == datetime(2025, 11, 25, 14, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("1404/12/30", "00:00"),
        ("1404/13/01", "00:00"),
        ("1404/00/10", "00:00"),
        ("1404/09/04", "24:00"),
        ("1404/09/04", "1733"),
        ("04/09/04", "00:00"),
        ("", "00:00"),
    ],
)
def test_days_and_times_that_do_not_exist_are_refused(day, clock):
    with pytest.raises(ValueError, match=r"\w"):
        parse_jalali(day, clock)


def test_a_moment_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        jalali_date(datetime(2025, 11, 25))
