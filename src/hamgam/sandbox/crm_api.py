"""The CRM's HTTP side: which request is which operation, and the five verbs of each kind of object."""

from collections.abc import Mapping
from typing import Any

import msgspec

from hamgam.sandbox import crm_find, crm_login, crm_webhooks
from hamgam.sandbox.crm import Crm
from hamgam.sandbox.crm_objects import IDENTITY_TYPES, Kind, guid
from hamgam.sandbox.wire import Answer, Call, Effect, Object, Problem, convert, json_answer

_OBJECTS = "/api/v2/crmobject/"
_HOOKS = "/api/webhooks"
_KINDS: Mapping[str, Kind] = {
    "person": "person",
    "organization": "organization",
    "invoice/sales": "invoice",
    "quote/sales": "quote",
}
_VERBS: Mapping[str, Effect] = {
    "get": "read",
    "find": "read",
    "create": "write",
    "update": "write",
    "delete": "write",
}
_SIGN_IN = {"/api/v2/auth/login": "login", "/api/v2/auth/token/refresh": "refresh"}


class _Get(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    id: str
    show_previews: bool | None = None
    show_extended_previews: bool | None = None


class _Delete(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    id: str
    option: Any = None


class CrmApi:
    """Answers requests for one CRM."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm

    def identify(self, method: str, path: str, body: Any) -> tuple[str, Effect]:
        if path in _SIGN_IN:
            return _SIGN_IN[path], "login"
        if path.startswith(_OBJECTS):
            name = path.removeprefix(_OBJECTS)
            return name, _VERBS.get(name.rpartition("/")[2], "read")
        if path == _HOOKS:
            return ("webhooks/list", "read") if method == "GET" else ("webhooks/create", "write")
        if path.startswith(f"{_HOOKS}/"):
            return "webhooks/delete", "write"
        return path, "read"

    def answer(self, call: Call) -> Answer:
        if call.path in _SIGN_IN:
            body = _posted(call)
            sign_in = crm_login.login if call.operation == "login" else crm_login.refresh
            return sign_in(self._crm, body)
        known = call.path.startswith((_OBJECTS, _HOOKS))
        if not known:
            raise Problem(404, "یافت نشد.")
        if not crm_login.authorised(self._crm, call.headers.get("Authorization")):
            raise Problem(401, "توکن معتبر نیست.")
        if call.path.startswith(_HOOKS):
            return self._webhooks(call)
        return self._objects(call)

    def problem(self, problem: Problem) -> Answer:
        return json_answer({"status": problem.status, "message": problem.message}, problem.status)

    def _webhooks(self, call: Call) -> Answer:
        if not self._crm.mood.webhook_api:
            raise Problem(self._crm.mood.webhook_refusal, "پشتیبانی نمی‌شود.")
        _, _, registration_id = call.path.removeprefix(_HOOKS).rpartition("/")
        if call.method == "GET" and not registration_id:
            return crm_webhooks.registered(self._crm)
        if call.method == "DELETE" and registration_id:
            return crm_webhooks.unregister(self._crm, registration_id)
        if registration_id:
            raise Problem(405, "پشتیبانی نمی‌شود.")
        return crm_webhooks.register(self._crm, _posted(call))

    def _objects(self, call: Call) -> Answer:
        body = _posted(call)
        if call.operation == "identity/search":
            return crm_find.search(self._crm, body)
        path, _, verb = call.operation.rpartition("/")
        kind = _KINDS.get(path)
        if kind is None or verb not in _VERBS:
            raise Problem(404, "یافت نشد.")
        return self._verb(kind, verb, body, call.headers.get("X-Transaction-Id"))

    def _verb(self, kind: Kind, verb: str, body: Object, transaction_id: str | None) -> Answer:
        match verb:
            case "get":
                return self._get(kind, guid(convert(body, _Get).id))
            case "find":
                return crm_find.find(self._crm, kind, body)
            case "create":
                return self._create(kind, body, transaction_id)
            case "update":
                return self._update(kind, body, transaction_id)
            case _:
                return self._delete(kind, guid(convert(body, _Delete).id), transaction_id)

    def _get(self, kind: Kind, crm_id: str) -> Answer:
        obj = self._crm.table(kind).get(crm_id)
        if obj is None and self._crm.mood.unknown_id == "404":
            raise Problem(404, "یافت نشد.")
        return json_answer(obj)

    def _create(self, kind: Kind, body: Object, transaction_id: str | None) -> Answer:
        fields = self._writable(kind, body)
        crm_id = self._crm.insert(kind, fields, transaction_id=transaction_id)
        return self._written(crm_id)

    def _update(self, kind: Kind, body: Object, transaction_id: str | None) -> Answer:
        crm_id = guid(body.get("crmId"))
        if crm_id not in self._crm.table(kind):
            raise Problem(404, "یافت نشد.")
        fields = self._writable(kind, body, crm_id)
        replace = self._crm.mood.update_replaces
        self._crm.change(kind, crm_id, fields, transaction_id=transaction_id, replace=replace)
        return self._written(crm_id)

    def _delete(self, kind: Kind, crm_id: str, transaction_id: str | None) -> Answer:
        if crm_id not in self._crm.table(kind):
            raise Problem(404, "یافت نشد.")
        self._crm.remove(kind, crm_id, transaction_id=transaction_id)
        return Answer(200)

    def _written(self, crm_id: str) -> Answer:
        return json_answer({self._crm.mood.id_key: crm_id})

    def _writable(self, kind: Kind, body: Object, crm_id: str | None = None) -> Object:
        """The fields of a write. Raises Problem (400) for what a real server would not store."""
        if any(not name[:1].islower() for name in body):
            raise Problem(400, "نام فیلد معتبر نیست.")
        for name in ("phoneContacts", "addressContacts", "categories", "details", "extendedProperties"):
            _check_rows(body, name)
        if kind not in IDENTITY_TYPES:
            given = {"identityId": guid(body["identityId"])} if body.get("identityId") else {}
            return body | given
        self._check_number(body.get("customerNumber"), crm_id)
        return body

    def _check_number(self, number: Any, crm_id: str | None) -> None:
        if number is not None and not isinstance(number, str):
            raise Problem(400, "شماره مشتری باید متن باشد.")
        if number and self._crm.mood.number_unique and self._crm.numbered(number) - {crm_id}:
            raise Problem(400, "شماره مشتری تکراری است.")


def _posted(call: Call) -> Object:
    """The JSON object that was posted. Raises Problem (405, 415 or 400)."""
    if call.method != "POST":
        raise Problem(405, "فقط POST.")
    if not call.headers.get("Content-Type", "").startswith("application/json"):
        raise Problem(415, "Content-Type باید application/json باشد.")
    if not isinstance(call.body, dict):
        raise Problem(400, "بدنهٔ درخواست معتبر نیست.")
    return call.body


def _check_rows(body: Object, name: str) -> None:
    rows = body.get(name)
    if rows is None:
        return
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Problem(400, f"{name} باید فهرستی از اشیا باشد.")
