"""Pages say in their own language what the engine found out; what a remote system said stands as it is."""

import html
import json

import httpx2
import pytest
from markupsafe import escape

from hamgam.app.words import WORDS, Writer
from hamgam.details import Detail
from hamgam.errors import Reason
from tests.web.conftest import GUID, AddSync
from tests.web.test_pages import well_formed
from tests.web.test_sync_story import ID

ID_TEXT = str(ID)
PERSIAN = "شماره مشتری تکراری است."
REMOTE = "This customer is <b>blocked</b> by the accountant"
FAILED = {"id": ID, "status": "FAILED", "reason": Reason.SERVER_ERROR}
PAGES = (f"/syncs/{ID}", "/attention", f"/attention/{ID}", f"/records/customer/{GUID}")


@pytest.mark.parametrize("path", PAGES)
async def test_a_persian_page_has_no_english_of_ours(
    client: httpx2.AsyncClient, add_sync: AddSync, path: str
) -> None:
    add_sync(**FAILED, errorMessage=Detail.CONNECTION_BROKE_OFF())
    page = (await client.get(f"{path}?lang=fa")).text
    assert Detail.CONNECTION_BROKE_OFF.fa in page
    assert Detail.CONNECTION_BROKE_OFF.en not in page
    assert Detail.CONNECTION_BROKE_OFF.en in (await client.get(f"{path}?lang=en")).text


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_the_words_of_a_remote_system_stand_isolated(
    client: httpx2.AsyncClient, add_sync: AddSync, path: str, lang: str
) -> None:
    add_sync(**FAILED, errorMessage=Detail.CAUSE(reason=Reason.BUSINESS_ERROR, rest=REMOTE))
    page = (await client.get(f"{path}?lang={lang}")).text
    assert well_formed(page)
    assert "<bdi>This customer is blocked by the accountant</bdi>" in page
    assert ("<details" in page and html.escape(REMOTE) in page) == path.endswith(ID_TEXT)


@pytest.mark.parametrize("path", PAGES)
async def test_an_answer_in_json_is_a_sentence_and_stays_readable_as_it_came(
    client: httpx2.AsyncClient, add_sync: AddSync, path: str
) -> None:
    answer = json.dumps({"status": 400, "message": PERSIAN})
    add_sync(**FAILED | {"reason": Reason.BAD_REQUEST}, errorMessage=answer)
    page = (await client.get(f"{path}?lang=fa")).text
    assert f"<bdi>{PERSIAN}</bdi>" in page
    in_full = f'<pre dir="ltr" tabindex="0"><bdi dir="ltr">{escape(answer)}</bdi></pre>'
    assert (in_full in page, escape(answer) in page) == (path.endswith(ID_TEXT),) * 2


async def test_an_answer_without_a_sentence_says_that_it_has_none(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    add_sync(**FAILED, errorMessage='{"status":500,"trace":"00-ab"}')
    for lang in WORDS:
        assert WORDS[lang]["said.no_text"] in (await client.get(f"/attention/{ID}?lang={lang}")).text


@pytest.mark.parametrize("path", PAGES)
async def test_codes_of_finance_never_stand_bare(
    client: httpx2.AsyncClient, add_sync: AddSync, path: str
) -> None:
    add_sync(**FAILED | {"status": "CONFLICT", "reason": Reason.MATCH_TAKEN}, errorMessage="202, 203")
    page = (await client.get(f"{path}?lang=fa")).text
    assert "طرف حساب‌های سیستم مالی: کد 202، کد 203" in page


def test_codes_in_the_failure_of_a_customer_are_named_as_such() -> None:
    failed = Detail.CUSTOMER("9b6ff794", "CONFLICT", reason=Reason.AMBIGUOUS_MATCH, rest="202, 203")
    said = Writer("en").said(failed, Reason.CUSTOMER_FAILED)
    assert (said.ours.endswith("Contacts in finance: Code 202, Code 203"), said.theirs) == (True, "")


async def test_the_export_speaks_its_language(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    add_sync(**FAILED, errorMessage=Detail.STATUS(500))
    for lang, text in (("fa", "کد وضعیت"), ("en", Detail.STATUS(500))):
        file = await client.get(f"/api/v1/syncs/export?format=csv&lang={lang}")
        assert text in file.content.decode()
