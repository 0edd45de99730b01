"""A running sandbox, a clock that stands still, and a plain client for each system."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import aiohttp
import msgspec
import pytest

from hamgam.sandbox import (
    CRM_PASSWORD,
    CRM_USERNAME,
    FINANCE_PASSWORD_MD5,
    FINANCE_USERNAME,
    Sandbox,
)

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class StillClock:
    """2025-12-21 14:10:20.033 in Tehran, until somebody moves it."""

    def __init__(self) -> None:
        self.now = datetime(2025, 12, 21, 10, 40, 20, 33_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


class Client:
    """Sends JSON with exact decimals and answers (status, parsed body)."""

    def __init__(self, session: aiohttp.ClientSession, base: str, authorization: str | None = None) -> None:
        self.session = session
        self.base = base
        self.authorization = authorization

    async def call(
        self, path: str, body: Any = None, *, method: str = "POST", headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        sent = {"Content-Type": "application/json"} if method == "POST" else {}
        if self.authorization is not None:
            sent["Authorization"] = self.authorization
        data = None if body is None else _encode(body)
        async with self.session.request(
            method, self.base + path, data=data, headers=sent | (headers or {})
        ) as response:
            raw = await response.read()
            return response.status, _decode(raw) if raw else None


class CrmClient(Client):
    async def login(self, **changes: Any) -> tuple[int, Any]:
        body = {"username": CRM_USERNAME, "password": CRM_PASSWORD, "deviceId": "t", "platformType": 1}
        status, answer = await self.call("/api/v2/auth/login", body | changes)
        if status == 200:
            self.authorization = f"Bearer {answer['accessToken']}"
        return status, answer

    async def verb(self, name: str, body: Any, **headers: str) -> tuple[int, Any]:
        return await self.call(f"/api/v2/crmobject/{name}", body, headers=headers)

    async def create(self, name: str, **fields: Any) -> str:
        status, answer = await self.verb(f"{name}/create", fields)
        assert status == 200, answer
        crm_id: str = answer["crmId"]
        return crm_id

    async def get(self, name: str, crm_id: str) -> Any:
        status, answer = await self.verb(f"{name}/get", {"id": crm_id})
        assert status == 200, answer
        return answer

    async def find(self, *queries: dict[str, Any], name: str = "person", **body: Any) -> Any:
        status, answer = await self.verb(
            f"{name}/find",
            {"queries": list(queries), "orders": [], "pageNumber": 1, "pageSize": 100} | body,
        )
        assert status == 200, answer
        return answer


class FinanceClient(Client):
    GET_ALL = "/api/Sgh/GEN/Gn_Web_Users/GetAll"

    async def login(self, **changes: Any) -> tuple[int, Any]:
        body = {"UserName": FINANCE_USERNAME, "Password": FINANCE_PASSWORD_MD5}
        status, answer = await self.call("/GeneralApi/LoginUser", body | changes)
        if status == 200:
            self.authorization = answer["SessionId"]
        return status, answer

    async def rows(self) -> Any:
        status, rows = await self.call(self.GET_ALL, method="GET")
        assert status == 200
        return rows

    async def filtered(self, **conditions: Any) -> list[int]:
        status, rows = await self.call(self.GET_ALL, conditions)
        assert status == 200
        return [row["Code"] for row in rows]

    async def save(self, form: str, ctrl: str, parameters: str, rows: str = "[]") -> Any:
        body = {
            "formId": form,
            "ctrlValues": ctrl,
            "parameters": parameters,
            "dataRows": rows,
            "attachments": "[]",
            "postCode": "1110",
            "flowId": "",
        }
        status, answer = await self.call("/BpmsApi/SaveFormData", body)
        assert status == 200
        return answer

    async def save_contact(self, code: int | None = None, **columns: str) -> Any:
        fields = [f"gn_web_users.{name}={value}" for name, value in columns.items()]
        if code is None:
            return await self.save("2BFDA", "|".join(["NickName=dbgrid1.#nickname#", *fields]), "CodeMain=")
        return await self.save("2BFDA", "|".join([f"Param1={code}", *fields]), f"CodeMain={code}")


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def box(clock: StillClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=clock, rng=Random(7)) as box:
        yield box


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def crm(box: Sandbox, session: aiohttp.ClientSession) -> CrmClient:
    client = CrmClient(session, box.crm_url)
    await client.login()
    return client


@pytest.fixture
async def finance(box: Sandbox, session: aiohttp.ClientSession) -> FinanceClient:
    client = FinanceClient(session, box.finance_url)
    await client.login()
    return client
