"""Persian text and the Persian calendar: normal forms for comparison, and dates as people here read them.

A key function answers the form in which two spellings of one value are equal. Keys are compared and go into
checksums; they are never written to a remote system. Every key is idempotent.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from persiantools.jdatetime import JalaliDate

TEHRAN = ZoneInfo("Asia/Tehran")

_LATIN = "0123456789"
_PERSIAN = "۰۱۲۳۴۵۶۷۸۹"
_ARABIC = "٠١٢٣٤٥٦٧٨٩"

_TO_LATIN = str.maketrans(_PERSIAN + _ARABIC, _LATIN * 2)
_TO_PERSIAN = str.maketrans(_LATIN + _ARABIC, _PERSIAN * 2)

# Letters that look the same to a Persian reader. Hamza carriers (ئ أ إ) and ة are other letters and stay;
# the small hamza on ه is a diacritic, so ۀ goes with ه.
_ONE_LETTER = str.maketrans("ىيےكڪہھەۀ", "یییککهههه")

# What people exchange or leave out when they look for a name: more than what makes two values the same.
_LIKE_LETTERS = str.maketrans("أإٱآٲٳؤئةۃ", "ااااااویهه", "ء")

_WORD_BREAKS = "\u200b\u200c"  # zero-width space and the half-space (ZWNJ)
_INVISIBLE = "\u00ad\u034f\u061c\u0640\u180e\u200d\u200e\u200f\u2060\ufeff" + "".join(
    map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
)


def _marks() -> str:
    """Vowel signs and other combining marks of the Arabic block."""
    return "".join(c for c in map(chr, range(0x0600, 0x0700)) if unicodedata.combining(c))


def _presentation_forms() -> dict[int, str]:
    """Positional letter shapes that old programs store, each to the letters it stands for."""
    shapes = map(chr, [*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFF)])
    plain = ((shape, unicodedata.normalize("NFKC", shape)) for shape in shapes)
    return {ord(shape): letters for shape, letters in plain if letters != shape}


def _text_table() -> dict[int, int | str | None]:
    table: dict[int, int | str | None] = dict(_TO_LATIN)
    table |= _ONE_LETTER
    table |= {ord(c): " " for c in _WORD_BREAKS}
    table |= {ord(c): None for c in _INVISIBLE + _marks()}
    table |= {shape: letters.translate(table) for shape, letters in _presentation_forms().items()}
    return table


_TEXT = _text_table()

_PHONE_PUNCTUATION = str.maketrans("", "", " -()._\u2010\u2011\u2012\u2013\u2014\u2212")
_IRANIAN = re.compile(r"(?:\+98|0098|98)?0?([1-9][0-9]{9})")
_PHONE = re.compile(r"(\+?[0-9]+)(?:(?:;?ext=?|x|#|داخلی:?)([0-9]{1,7}))?", re.IGNORECASE)

_WEBSITE = re.compile(r"(?:https?://)*([^/?#]*)(.*?)/*", re.IGNORECASE)

_JALALI_DATE = re.compile(r"([0-9]{4})[/-]([0-9]{1,2})[/-]([0-9]{1,2})")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


def to_latin_digits(text: str) -> str:
    """Persian and Arabic digits become Latin ones; everything else stays."""
    return text.translate(_TO_LATIN)


def to_persian_digits(text: str) -> str:
    """Latin and Arabic digits become Persian ones; everything else stays."""
    return text.translate(_TO_PERSIAN)


def digit_spellings(text: str) -> list[str]:
    """The text as it is, and with all its digits of each kind: Latin, Persian, Arabic."""
    latin = to_latin_digits(text)
    arabic = latin.translate(str.maketrans(_LATIN, _ARABIC))
    return list(dict.fromkeys([text, latin, to_persian_digits(text), arabic]))


def text_key(text: str) -> str:
    """The form in which spellings of one text are equal. Case is kept.

    Arabic and Persian letters and digits are one, vowel signs and invisible characters do not count, and the
    half-space counts as a space: a clerk types either in «می‌رود».
    """
    if not text.isascii():
        # Composed before, so that a letter with a hamza of its own keeps it when marks go; and again after,
        # because what went may have stood between a Latin letter and its accent.
        composed = unicodedata.normalize("NFC", text)
        text = unicodedata.normalize("NFC", composed.translate(_TEXT))
    return " ".join(text.split())


def digits_key(text: str) -> str:
    """A national id or postal code as its Latin digits, leading zeros kept.

    Where the value has letters, as a passport number does, they stay (upper case): two passports that differ
    only in a letter are two people.
    """
    return "".join(filter(str.isalnum, text_key(caseless_key(text).upper())))


def phone_key(text: str) -> str:
    """A telephone number in international form, `+989121234567`, with `;ext=12` where it has an extension.

    Numbers without a country are Iranian. What is no valid number anywhere keeps its digits, and what is
    not a number at all is compared as text.
    """
    key = text_key(text)
    compact = key.translate(_PHONE_PUNCTUATION)
    if iranian := _IRANIAN.fullmatch(compact):
        return "+98" + iranian[1]
    number = _PHONE.fullmatch(compact)
    if number is None:
        return key
    extension = f";ext={number[2]}" if number[2] else ""
    return _international(number[1]) + extension


def _international(number: str) -> str:
    """`number` is digits with or without a plus. One that nobody can have stays as it is."""
    # Slow to import, and nearly all numbers of Iranian customers never come this far.
    import phonenumbers  # noqa: PLC0415

    if iranian := _IRANIAN.fullmatch(number):
        return "+98" + iranian[1]
    try:
        parsed = phonenumbers.parse(number, "IR")
    except phonenumbers.NumberParseException:
        return number
    # Others, such as one without its area code, would take a country that nobody gave them.
    if not phonenumbers.is_valid_number(parsed):
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def email_key(text: str) -> str:
    """An e-mail address without regard to case; blanks in it are slips of the keyboard."""
    return caseless_key(_without_blanks(text))


def website_key(text: str) -> str:
    """A web address without its scheme and trailing slash; case counts in its path only."""
    address = _without_blanks(text)
    parts = _WEBSITE.fullmatch(address)
    if parts is None:
        return address
    return caseless_key(parts[1]) + parts[2]


def _without_blanks(text: str) -> str:
    """Normal form without blanks; taken twice because marks that a blank held apart have an order."""
    return text_key(text_key(text).replace(" ", ""))


def search_key(text: str) -> str:
    """The letters and digits that a search looks at, in one piece: how words are parted does not count.

    Looser than the other keys: case and hamza do not count, and ة is ه.
    """
    letters = filter(str.isalnum, caseless_key(text).translate(_LIKE_LETTERS))
    return unicodedata.normalize("NFC", "".join(letters))


def search_text(texts: Iterable[str], phones: Iterable[str] = ()) -> str:
    """What is searched: a record fits where each of the `search_words` stands somewhere in this.

    Stored in the database, so another form of it needs a migration that makes it again.
    """
    parts = [search_key(text) for text in texts]
    parts += [spelling for phone in phones for spelling in _phone_spellings(phone)]
    return f" {' '.join(dict.fromkeys(filter(None, parts)))} "


def search_words(query: str) -> list[str]:
    """What a person looks for, word by word. Letters and digits only, so that it can stand in any pattern."""
    return [_searched(word) for word in map(search_key, text_key(query).split()) if word]


def _searched(word: str) -> str:
    """A number with a country and a zero, `+98 (0)912…`, is written so nowhere: its last ten digits are."""
    iranian = _IRANIAN.fullmatch(word)
    return iranian[1] if iranian else word


def _phone_spellings(phone: str) -> list[str]:
    """A number with its country, with the zero that stands for Iran, and if it says more, as it is given."""
    key = phone_key(phone)
    if not key.startswith("+"):
        return [search_key(key)]
    number = key.partition(";")[0].removeprefix("+")
    spellings = [f"00{number}", f"0{number.removeprefix('98')}" if number.startswith("98") else ""]
    return spellings if number == key[1:] else [*spellings, search_key(phone)]


def caseless_key(text: str) -> str:
    """`text_key` without regard to case."""
    if text.isascii():
        return text_key(text).lower()
    # Folding can leave a letter and its accent apart, and joining them can give one that folds again.
    return text_key(text_key(text_key(text).casefold()).casefold())


def jalali_date(moment: datetime) -> str:
    """The Persian calendar's day in Tehran at an aware moment, `1404/09/04`."""
    return _jalali(_in_tehran(moment).date())


@lru_cache(maxsize=1000)
def _jalali(gregorian: date) -> str:
    """Lists and files name the same few days over and over."""
    day = JalaliDate.to_jalali(gregorian)  # type: ignore[no-untyped-call]
    return f"{day.year:04}/{day.month:02}/{day.day:02}"


def parse_jalali(day: str, clock: str = "00:00") -> datetime:
    """The moment, in UTC, of a Persian date and a time of day in Tehran.

    Digits of every kind are read, and `1404/9/4` and `17:33:05` too. Raises ValueError for anything else and
    for a day that does not exist.
    """
    date_parts = _JALALI_DATE.fullmatch(to_latin_digits(day).strip())
    time_parts = _CLOCK.fullmatch(to_latin_digits(clock).strip())
    if date_parts is None or time_parts is None:
        raise ValueError("not a Persian date and time such as 1404/09/04 17:33")
    year, month, day_of_month = map(int, date_parts.groups())
    hour, minute, second = map(int, time_parts.groups(default="0"))
    local = datetime.combine(_gregorian(year, month, day_of_month), time(hour, minute, second), tzinfo=TEHRAN)
    return local.astimezone(UTC)


def _gregorian(year: int, month: int, day: int) -> date:
    return JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]


def _in_tehran(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone has no day in Tehran")
    return moment.astimezone(TEHRAN)
