"""Pages say in their own language what the engine found out; what a remote system said stands as it is."""

import html

import httpx2
import pytest

from hamgam.details import Detail
from hamgam.errors import Reason
from tests.web.conftest import GUID, AddSync
from tests.web.test_pages import well_formed
from tests.web.test_sync_story import ID

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
    assert f"<bdi>{html.escape(REMOTE)}</bdi>" in page


async def test_the_export_speaks_its_language(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    add_sync(**FAILED, errorMessage=Detail.STATUS(500))
    for lang, text in (("fa", "کد وضعیت"), ("en", Detail.STATUS(500))):
        file = await client.get(f"/api/v1/syncs/export?format=csv&lang={lang}")
        assert text in file.content.decode()
