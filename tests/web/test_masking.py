"""What a viewer does not see: names, numbers and addresses of people, wherever they stand."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamgam.app.masking import HIDDEN, masked_json, masked_message, masked_row, masked_text
from hamgam.db.engine import Database
from hamgam.people.roles import Role
from tests.web.conftest import GUID, NOW, AddSync, Installation
from tests.web.signed_in import asking_as

NAME, MOBILE, NATIONAL_ID, EMAIL, ADDRESS = (
    "سمیه محمدی",
    "09121234567",
    "0012345678",
    "somayeh@example.com",
    "تهران، خیابان آزادی، پلاک ۱۲",
)
SECRETS = (NAME, "سمیه", "محمدی", MOBILE, "1234567", NATIONAL_ID, EMAIL, "somayeh", ADDRESS, "آزادی")
FIELDS = {"name": NAME, "mobile": MOBILE, "national_id": NATIONAL_ID, "email": EMAIL, "address": ADDRESS}
ROW: dict[str, Any] = {
    "id": GUID,
    "status": "FAILED",
    "reason": "DUPLICATE_PHONE",
    "startedAt": NOW,
    "retryCount": 2,
    "resolvedBy": "sara",
    "sourceEntityId": GUID,
    "targetEntityId": "234",
    "triggerPayload": {
        "eventType": "customer.updated",
        "data": {"id": GUID, "nickName": NAME, "tel": 9121234567},
    },
    "sourceData": {"kind": "person", "number": "C-234", "fields": FIELDS, "modifiedAt": NOW.isoformat()},
    "targetDataBefore": {"name": NAME, NAME: [NAME, {"deep": MOBILE}]},
    "targetDataAfter": FIELDS,
    "intent": {"operation": "UPDATE", "transactionId": GUID, "number": NATIONAL_ID, "fields": FIELDS},
    "errorMessage": f"234: شمارهٔ {MOBILE} برای {NAME} در {ADDRESS} ثبت شده است (customer {GUID}: FAILED)",
    "attempts": [
        {"endedAt": NOW.isoformat(), "reason": "SERVER_ERROR", "errorMessage": f"{MOBILE} of {NAME} in 234"}
    ],
    "resolution": {"absent": ["234", "235"], "note": f"با {NAME} تماس گرفتم"},
    "aColumnOfTomorrow": NAME,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("سمیه محمدی", "س••• م•••"),
        ("  شرکت بازرگانی مهر ایران", "ش••• ب•••"),
        ("\u202e«علی»", "ع•••"),
        ("09121234567", "0912•••67"),
        ("۰۹۱۲ ۱۲۳ ۴۵ ۶۷", "0912•••67"),
        ("+98 912 123-4567", "+98912•••67"),
        ("02188776655", "•••55"),
        ("0012345678", "•••78"),
        ("12", HIDDEN),
        ("؟!", HIDDEN),
        ("a.b@example.com", "a•••@•••"),
        ("12 Azadi", "••• A•••"),
    ],
)
def test_text_is_masked_by_its_form(text: str, shown: str) -> None:
    assert masked_text(text) == shown


def test_a_row_keeps_its_structure_and_what_no_person_is_known_by() -> None:
    masked = masked_row(ROW)
    plain = ("id", "status", "reason", "startedAt", "retryCount", "sourceEntityId", "targetEntityId")
    assert [masked[name] for name in plain] == [ROW[name] for name in plain]
    assert masked["triggerPayload"]["eventType"] == "customer.updated"
    assert masked["triggerPayload"]["data"] == {"id": GUID, "nickName": "س••• م•••", "tel": "•••67"}
    assert masked["sourceData"]["number"] == "C-234"
    assert masked["sourceData"]["modifiedAt"] == ROW["sourceData"]["modifiedAt"]
    assert list(masked["targetDataAfter"]) == list(FIELDS)
    assert masked["intent"]["number"] == "•••78"
    assert masked["resolution"]["absent"] == ["234", "235"]
    assert masked["attempts"] == [
        {"endedAt": NOW.isoformat(), "reason": "SERVER_ERROR", "errorMessage": "••• 234"}
    ]
    assert masked["errorMessage"] == f"234 ••• customer {GUID} FAILED"


def test_nothing_of_a_person_is_left_in_a_row() -> None:
    shown = json.dumps(masked_row(ROW), default=str, ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in shown] == []


def test_documents_keep_exact_amounts() -> None:
    lines = [{"product": "101-7", "unit": "عدد", "quantity": "2.50", "price": "123456789012345678.905"}]
    masked = masked_json({"customer": "234", "title": NAME, "net": "246913578024691357", "lines": lines})
    assert masked["lines"][0] == lines[0] | {"unit": "ع•••"}
    assert (masked["customer"], masked["net"], masked["title"]) == ("234", "246913578024691357", "س••• م•••")


@pytest.mark.parametrize(
    "said", [f"tel {MOBILE}", "tel 0912 123 45 67", "tel (021) 8877-6655", "tel ۰۹۱۲۱۲۳۴۵۶۷", "0912,1234567"]
)
def test_no_number_in_a_message_can_be_put_together_again(said: str) -> None:
    assert masked_message(said) == HIDDEN
    assert masked_message(f"{GUID} {said}") == f"{GUID} {HIDDEN}"


_LETTERS = st.text("ابپتسشعمهی" + "QXZ", min_size=4, max_size=12)
_JSON = st.recursive(
    _LETTERS | st.integers(10**9, 10**12) | st.integers(10**9, 10**12).map(str),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("کلیدQ1.", max_size=9), inner, max_size=3)
    ),
    max_leaves=10,
)


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [str(value)]


@given(_JSON)
def test_unknown_text_and_long_numbers_never_pass(value: Any) -> None:
    for before, after in zip(_leaves(value), _leaves(masked_json(value)), strict=True):
        assert before != after
        assert before not in after
        assert HIDDEN in after


@pytest.mark.parametrize("role", Role)
async def test_viewers_alone_see_masks(
    installation: Installation, db: Database, add_sync: AddSync, role: Role
) -> None:
    add_sync(sourceData={"fields": FIELDS}, errorMessage=f"{NAME} {MOBILE}", targetEntityId="234")
    async with asking_as(role, installation, db) as client:
        (row,) = (await client.get("/api/v1/syncs")).json()
        overview = (await client.get("/")).text
    assert any(secret in overview for secret in SECRETS) is role.may(Role.OPERATOR)
    assert row["targetEntityId"] == "234"
    assert (row["sourceData"]["fields"] == FIELDS) is role.may(Role.OPERATOR)
    shown = json.dumps(row, ensure_ascii=False)
    assert any(secret in shown for secret in SECRETS) is role.may(Role.OPERATOR)
