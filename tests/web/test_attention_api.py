"""`/api/v1/attention`: the same as the pages, for programs."""

from typing import Any

import httpx2
import pytest

from hamgam.app.problems import ADDRESS
from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.reasons import SENTENCES
from tests.web.conftest import GUID, AddSync
from tests.web.test_attention import CONFLICT, FAILED, clerk, one

__all__ = ["clerk"]


async def test_the_api_tells_cause_step_and_actions(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**FAILED, retryCount=2)
    told = (await clerk.get("/api/v1/attention?reason=DUPLICATE_PHONE&sort=oldest")).json()
    [item] = told["items"]
    assert (told["count"], told["next"]) == (1, None)
    assert told["reasons"] == [{"reason": "DUPLICATE_PHONE", "status": "FAILED", "count": 1}]
    assert (item["error"], item["tried"], item["actions"]) == ("duplicate telephone", 3, ["dismiss", "retry"])
    assert item["cause"]["fa"] != SENTENCES[Reason.DUPLICATE_PHONE].fa
    alone = {"sent": None, "wasSent": True, "customerNameThen": None, "customerRenamed": False}
    detail = (await clerk.get(f"/api/v1/attention/{item['id']}")).json()
    assert detail == item | alone
    done = await clerk.post(f"/api/v1/attention/{item['id']}/retry", json={"seen": item["seen"]})
    assert (done.status_code, done.json()["by"]) == (202, "somebody")
    again = await clerk.post(f"/api/v1/attention/{item['id']}/retry")
    assert (again.status_code, again.json()["type"]) == (409, ADDRESS + "goes-on")
    assert again.json()["by"] == "somebody"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "attention?after=x", None, 400),
        ("GET", "attention?status=SUCCESS", None, 400),
        ("GET", f"attention/{GUID}", None, 404),
        ("POST", f"attention/{GUID}/retry", None, 404),
        ("POST", f"attention/{GUID}/dismiss", {}, 404),
        ("POST", "attention/ROW/settle", {}, 400),
        ("POST", "attention/ROW/settle", {"exists": "1", "absent": True}, 400),
        ("POST", "attention/ROW/settle", {"exists": "x"}, 400),
        ("POST", "attention/ROW/dismiss", {"note": "x" * 501}, 400),
        ("POST", "attention/ROW/dismiss", {"note": "\0"}, 400),
        ("POST", "attention/held/person/release?changes=5", None, 409),
        ("GET", f"bulk/{GUID}", None, 404),
        ("POST", f"bulk/{GUID}/cancel", None, 404),
        ("POST", "bulk", {"count": 1}, 400),
        ("POST", "bulk", {"count": 0, "filter": {}}, 400),
    ],
    ids=range(15),
)
async def test_the_api_refuses_with_a_problem(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync, method: str, path: str, body: Any, status: int
) -> None:
    add_sync(**CONFLICT)
    before = await one(db)
    answer = await clerk.request(method, f"/api/v1/{path.replace('ROW', str(before.id))}", json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert await one(db) == before
