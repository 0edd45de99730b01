"""However a clerk spells a record, a search finds it; and what is somebody else it does not find."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamgam.persian import search_key, search_text, search_words

GUID = "441aecdc-97fc-4340-83d8-e4f97fee94c2"
SARA = search_text(["سارا محمدی", "C-1042", "0012345678", GUID], ["09121112233", "021-88776655"])


def finds(query: str, searched: str) -> bool:
    words = search_words(query)
    return bool(words) and all(word in searched for word in words)


@pytest.mark.parametrize(
    "query",
    [
        "سارا محمدی",
        "محمدی سارا",
        "محمدي سارا",
        "سارا\u200cمحمدی",
        "سارامحمدی",
        "  سارا   محمدی ",
        "سارا مُحمّدی",
        "سـارا",
        "حمد",
        "محم",
        "09121112233",
        "۰۹۱۲۱۱۱۲۲۳۳",
        "٠٩١٢١١١٢٢٣٣",
        "9121112233",
        "+989121112233",
        "+98 912 111 22 33",
        "00989121112233",
        "0098 0912 111 2233",
        "+98 (0)912-111-2233",
        "+9809121112233",
        "989121112233",
        "0912 111",
        "2233",
        "۰۲۱ ۸۸۷۷۶۶۵۵",
        "88776655",
        "0012345678",
        "۰۰۱۲۳۴۵۶۷۸",
        "001-234567-8",
        "C-1042",
        "c1042",
        "c ۱۰۴۲",
        "1042",
        GUID,
        GUID.upper(),
        "{" + GUID + "}",
        GUID.replace("-", ""),
        "441aecdc",
        "محمدی ۰۹۱۲",
    ],
)
def test_one_customer_in_many_spellings(query: str) -> None:
    assert finds(query, SARA)


@pytest.mark.parametrize(
    "query", ["", " ", "-", "%", "_", "سارا احمدی", "09121112234", "C1043", "محمدی ۲۲۳۴"]
)
def test_what_is_not_that_customer(query: str) -> None:
    assert not finds(query, SARA)


ALIKE = [
    ("علی‌رضا", "علی رضا", "علیرضا", "علي‌رضا"),
    ("رئیسی", "رییسی", "رئيسي"),
    ("مؤمنی", "مومنی"),
    ("آذر", "اذر", "\u0627\u0653ذر"),
    ("أحمد", "احمد", "إحمد", "ٱحمد"),
    ("فاطمة", "فاطمه", "فاطمۀ", "فاطمه‌"),
    ("کریمی", "كريمي", "ڪریمی"),
    ("شرکت آبی (سهامی خاص)", "شركت آبي سهامي خاص", "شرکت آبی - سهامی خاص"),
    ("Pars Co.", "PARS CO", "pars co"),
    ("واحد ۱۲", "واحد 12", "واحد ١٢", "واحد۱۲"),
    ("جزء", "جز"),
    ("\ufe8d\ufedf\ufeea", "اله"),
]
PAIRS = [(one, other) for group in ALIKE for one in group for other in group]


@pytest.mark.parametrize(("stored", "typed"), PAIRS, ids=range(len(PAIRS)))
def test_these_spellings_find_one_another(stored: str, typed: str) -> None:
    assert finds(typed, search_text([stored]))


@pytest.mark.parametrize(
    "stored", ["0912 111 2233", "+98 912 1112233", "00989121112233", "9121112233", "۰۹۱۲۱۱۱۲۲۳۳"]
)
@pytest.mark.parametrize("typed", ["09121112233", "+989121112233", "00989121112233", "9121112233"])
def test_a_mobile_is_found_however_either_side_writes_it(stored: str, typed: str) -> None:
    assert finds(typed, search_text([], [stored]))


@pytest.mark.parametrize("typed", ["+49 30 901820", "004930901820", "4930901820", "030 901820", "داخلی 12"])
def test_other_telephones_and_extensions(typed: str) -> None:
    german = search_text([], ["+49 30 901820", "021 88776655 داخلی 12"])
    assert finds(typed, german) is (typed != "030 901820")


SPELLINGS = {"ی": "یيى", "ک": "کكڪ", "ه": "هةۀہ", "ا": "اأإآٱ", "و": "وؤ"} | {
    latin: latin + persian + arabic
    for latin, persian, arabic in zip("0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", strict=True)
}
SEPARATORS = [" ", "\u200c", "", "  ", " - "]
MARKS = ["", "", "", "\u0640", "\u064b", "\u0651", "\u200d", "\u200f"]
NAME = st.lists(
    st.text("ابپتجدرزسشعفقکگلمنوهیabcXYZ0123456789", min_size=1, max_size=8), min_size=1, max_size=4
)


@given(NAME, st.data())
def test_any_respelling_of_a_name_finds_it(name: list[str], data: st.DataObject) -> None:
    searched = search_text([" ".join(name)])
    parted = data.draw(st.sampled_from(SEPARATORS))
    order = data.draw(st.permutations(name)) if " " in parted else name
    typed = parted.join("".join(map(data.draw, map(_spelt, word))) for word in order)
    assert finds(typed, searched)


def _spelt(letter: str) -> st.SearchStrategy[str]:
    spellings = st.sampled_from(SPELLINGS.get(letter, letter.lower() + letter.upper()))
    return st.builds(str.__add__, spellings, st.sampled_from(MARKS))


@given(st.text())
def test_what_is_searched_has_no_character_that_a_pattern_knows(text: str) -> None:
    assert all(word.isalnum() for word in search_words(text))
    assert not set(search_text([text], [text])) & set("%_\\\x00")


@given(st.text())
def test_the_key_is_idempotent(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)
