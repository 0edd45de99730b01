"""What an answer made for programs says to people, whole or cut short."""

import json

import pytest

from hamgam.remote_text import Spoken, spoken

PERSIAN = "شماره مشتری تکراری است."


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"status": 400, "message": PERSIAN}, PERSIAN),
        ({"Message": PERSIAN, "title": "Bad Request"}, PERSIAN),
        ({"error": {"code": 7, "message": PERSIAN}}, PERSIAN),
        ({"Errors": [{"ErrorCode": -1, "Description": PERSIAN}, {"Description": "دوم"}]}, f"{PERSIAN} دوم"),
        ({"title": "invalid", "errors": {"mobile": ["is taken", "is short"]}}, "is taken is short"),
        ({"type": "about:blank", "title": "Bad Request"}, "Bad Request"),
        ([{"message": "one\n line"}], "one line"),
        ({"status": 400, "traceId": "00-ab", "message": None}, ""),
        ({"message": 17}, ""),
    ],
)
@pytest.mark.parametrize("escaped", [True, False])
def test_the_sentence_of_json(answer, sentence, escaped):
    text = json.dumps(answer, ensure_ascii=escaped)
    assert spoken(text) == Spoken(sentence, text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"status":400,"message":"شماره مشتری \\u062a', "شماره مشتری ت…"),
        ('{"message":"a \\"quoted\\" word","more":{"x":[1,', 'a "quoted" word'),
        ('{"message":"half an escape \\u06', "half an escape …"),
        ('{"message":"no escape \\\\u06', "no escape \\u06…"),
        ('{"message":"a wrong \\x one', "a wrong \\x one…"),
        ('{"message":"a wrong \\x","more":[', "a wrong \\x"),
        ('{"status":400,"mess', ""),
        ("[" * 300, ""),
    ],
)
def test_the_sentence_of_json_that_was_cut_short(text, sentence):
    assert spoken(text) == Spoken(sentence, text)


def test_wherever_json_is_cut_the_letters_before_it_are_read():
    said = f"{PERSIAN} 😀 😀"
    begin = '{"status":400,"message":"'
    written = [begin + json.dumps(said[:letters])[1:-1] for letters in range(len(said) + 1)]
    for end in range(len(begin), len(written[-1]) + 1):
        whole = max(letters for letters, text in enumerate(written) if len(text) <= end)
        assert spoken(written[-1][:end]).sentence == " ".join(f"{said[:whole]}…".split())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"message":"half \\ud83d"}', "half ?"),
        ('{"message":"half \\ud83d a sign","x', "half ? a sign"),
        ('{"message":"half \\ud83d', "half …"),
        ('{"message":"half \\ude00', "half ?…"),
    ],
)
def test_half_a_sign_becomes_something_that_can_be_written(text, sentence):
    assert spoken(text) == Spoken(sentence, text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "<html><head><title>502 Bad Gateway</title><style>b{}</style></head>"
            "<body><h1>502 Bad Gateway</h1><hr>nginx</body></html>",
            "502 Bad Gateway nginx",
        ),
        ("<p>خطا &amp; توقف<script>alert(1)</script></p> <div clas", "خطا & توقف"),
        ("<p>خطا</p><![bad y]><p>دوم</p>", "خطا"),
        ("<p>خطا</p><![ foo", "خطا"),
        ("نام تکراری است<br/>دوباره وارد کنید", "نام تکراری است دوباره وارد کنید"),
    ],
)
def test_the_sentence_of_a_page(text, sentence):
    assert spoken(text) == Spoken(sentence, text)


@pytest.mark.parametrize("text", ["", "شماره تلفن تکراری است. [telno]", "5 < 7, a <name> b", "x{}"])
def test_a_plain_text_is_all_of_it(text):
    assert spoken(text) == Spoken(text, "")
