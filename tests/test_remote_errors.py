"""Every error that the simulated systems can answer has a sentence and a next step in both languages."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from hamgam.remote_errors import REMOTE_ERRORS, RemoteError, explain
from hamgam.sandbox import (
    crm,
    crm_api,
    crm_find,
    crm_login,
    crm_objects,
    finance,
    finance_api,
    finance_forms,
)
from hamgam.systems.siagh.wire import reason_of

_SYSTEMS = (finance, finance_api, finance_forms, crm, crm_api, crm_find, crm_login, crm_objects)
_DUPLICATES = [text for _, _, text in finance._PHONES]


def said(module: ModuleType) -> Iterator[str]:
    """The texts that a module refuses with; what it fills in is a 1."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "BusinessError":
                yield from spelled(node.args[0])
            if node.func.id == "Problem" and isinstance(node.args[0], ast.Constant):
                yield from spelled(node.args[1])


def spelled(text: ast.expr) -> Iterator[str]:
    match text:
        case ast.Constant(value=str(plain)):
            yield plain
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in parts)


TEXTS = sorted({text for module in _SYSTEMS for text in said(module)} | set(_DUPLICATES))


def test_the_texts_are_found_in_the_source():
    assert len(TEXTS) > 50
    assert "سال مالی سند با سال مالی جاری برابر نیست." in TEXTS


@pytest.mark.parametrize("text", TEXTS)
def test_every_error_of_the_simulated_systems_is_explained(text):
    assert explain(text) is not None
    assert explain(json.dumps({"status": 400, "message": text})) is explain(text)
    assert explain(text.replace("ی", "ي").replace("ک", "ك")) is explain(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("شماره تلفن نمی تواند تکراری باشد. [telno]", "duplicate telephone"),
        ("شماره موبایل نمی‌تواند تکراری باشد. [mobileno]", "duplicate mobile"),
        ("قیمت ردیف 1 درست وارد نشده است [price]", "bad price"),
        ("کالای ردیف ۳ درست وارد نشده است [codekala]", "unknown product"),
        ("کالا با این کد یافت نشد", "unknown product"),
        ("واحد کالا تعریف نشده است", "unknown unit"),
        ("مقدار ردیف 2 درست وارد نشده است [qty]", "bad quantity"),
        ("تخفیف ردیف 2 درست وارد نشده است [mabtakhfif]", "bad discount"),
        ("سال مالی بسته شده است", "fiscal year"),
        ("شهر وارد شده معتبر نیست", "wrong city"),
        ("کد ملی تکراری است", "national id"),
        ("مقدار codesalemodel درست وارد نشده است.", "site code"),
        ("فیلد gn_web_users.x در فرم وجود ندارد.", "form"),
        ("سند یافت نشد. [_In_EditKeys]", "document gone"),
        ("مشتری یافت نشد. [codemoshtari]", "customer gone"),
        ("مخاطب یافت نشد. [Code]", "contact gone"),
        ('{"status":400,"message":"شماره مشتری تکراری است."}', "duplicate number"),
        ("the list holds 3 contacts, less than half of the 90 that are mapped", "list cut short"),
    ],
)
def test_an_error_is_known_by_name(text, name):
    found = explain(text)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("text", ["", None, "status 500", "چیز دیگری شد", "112, 113", "\\ud800"])
def test_what_is_not_known_is_not_guessed(text):
    assert explain(text) is None


@pytest.mark.parametrize("known", REMOTE_ERRORS, ids=lambda known: known.name)
def test_both_languages_say_something(known: RemoteError):
    sentence = known.sentence
    for english in (sentence.en, sentence.next_step_en):
        assert english.endswith(".")
        assert english.isascii()
    for persian in (sentence.fa, sentence.next_step_fa):
        assert persian.endswith(".")
        assert re.search("[آ-ی]", persian)
        assert not re.search("[يكى٠-٩]", persian)


def test_names_are_used_once_and_codes_agree_with_them():
    names = [known.name for known in REMOTE_ERRORS]
    assert len(set(names)) == len(names)
    assert {reason_of(text) for text in _DUPLICATES} == {"DUPLICATE_PHONE"}
