"""The sandbox by HTTP, for a test or a demo in another process: journal, state, faults and people.

These requests meet no fault, need no login and are not journaled.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from hamgam.sandbox.faults import Fault
from hamgam.sandbox.wire import Answer, Object, Problem, convert, decode, json_answer

if TYPE_CHECKING:
    from hamgam.sandbox.server import Sandbox

PREFIX = "/_sandbox/"

Handler = Callable[["Sandbox", web.BaseRequest], Awaitable[Answer]]


class _Act(msgspec.Struct, forbid_unknown_fields=True):
    action: str | None = None
    seed: int | None = None


async def handle(box: "Sandbox", request: web.BaseRequest) -> web.Response:
    """Answer a control request; a mistake in it is a 400, an unknown one a 404."""
    handler = _HANDLERS.get((request.method, request.path.removeprefix(PREFIX)))
    try:
        if handler is None:
            raise Problem(404, "no such control request")
        answer = await handler(box, request)
    except Problem as problem:
        answer = json_answer({"message": problem.message}, problem.status)
    return web.Response(status=answer.status, body=answer.body, content_type="application/json")


async def _journal(box: "Sandbox", request: web.BaseRequest) -> Answer:
    """Every entry, or those after `?since=<order>`."""
    since = request.query.get("since", "0")
    if not since.isdecimal():
        raise Problem(400, "since must be a whole number")
    entries = [entry for entry in box.journal.entries if entry.order > int(since)]
    peaks = {name: box.journal.max_parallel(name) for name in ("crm", "finance")}
    return json_answer({"entries": entries, "max_parallel": peaks, "violations": box.violations})


async def _clear_journal(box: "Sandbox", request: web.BaseRequest) -> Answer:
    box.journal.clear()
    return json_answer({})


async def _state(box: "Sandbox", request: web.BaseRequest) -> Answer:
    """Counts; with `?full=1` the objects themselves."""
    crm, finance = box.crm, box.finance
    tables: dict[str, dict[str, Any]] = {
        "crm": {name: getattr(crm, name) for name in ("persons", "organizations", "invoices", "quotes")},
        "finance": {"contacts": finance.contacts, "documents": finance.documents},
    }
    full = request.query.get("full") == "1"
    state: Object = {
        system: {name: rows if full else len(rows) for name, rows in tables[system].items()}
        for system in tables
    }
    state["crm"] |= {"logins": crm.logins, "deliveries": len(crm.delivery_log)}
    state["crm"]["webhooks"] = [entry.url for entry in crm.registrations.values()]
    state["finance"]["logins"] = finance.logins
    return json_answer(state)


async def _add_faults(box: "Sandbox", request: web.BaseRequest) -> Answer:
    """One fault or an array of them, by the field names of Fault."""
    body = await _body(request)
    faults = [convert(one, Fault) for one in (body if isinstance(body, list) else [body])]
    for fault in faults:
        box.faults.add(fault)
    return json_answer([asdict(fault) for fault in faults])


async def _clear_faults(box: "Sandbox", request: web.BaseRequest) -> Answer:
    box.faults.clear()
    return json_answer({})


async def _people(box: "Sandbox", request: web.BaseRequest) -> Answer:
    """Let somebody do something in the CRM; with `seed` the choice is repeatable."""
    wanted = convert(await _body(request) or {}, _Act)
    rng = box.people_rng if wanted.seed is None else Random(wanted.seed)  # noqa: S311
    try:
        return json_answer(box.people.act(rng, wanted.action))
    except ValueError as error:
        raise Problem(400, str(error)) from None


async def _body(request: web.BaseRequest) -> Any:
    raw = await request.read()
    try:
        return decode(raw) if raw else None
    except msgspec.DecodeError as error:
        raise Problem(400, str(error)) from None


_HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", "journal"): _journal,
    ("DELETE", "journal"): _clear_journal,
    ("GET", "state"): _state,
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "people"): _people,
}
