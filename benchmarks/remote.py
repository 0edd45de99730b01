"""Both simulated systems as a process of their own.

A line of JSON on stdin is a command, the next one on stdout its answer.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import Any

from hamgam.app.commands.sandboxing import environment
from hamgam.sandbox import Sandbox, serve
from hamgam.sandbox.people import document_line
from hamgam.sandbox.wire import decode, encode

_RNG = Random(1)


async def _latency(box: Sandbox, seconds: float) -> None:
    box.latency_seconds = float(seconds)


async def _filters(box: Sandbox, which: Any) -> None:
    """What the finance build filters by: `all`, `tel_only` or `none`."""
    box.finance.mood = replace(box.finance.mood, filters=which)


async def _customers(box: Sandbox) -> list[str]:
    return [*box.crm.persons, *box.crm.organizations]


async def _change_phones(box: Sandbox, ids: list[str], first: int) -> None:
    """Give each customer a mobile of its own, without a delivery."""
    for number, crm_id in enumerate(ids, start=int(first)):
        box.crm.set_phone(crm_id, "Mobile", f"0919{number:07d}", deliver=False)


async def _touch(box: Sandbox, crm_id: str) -> None:
    """Somebody edits what is not mapped."""
    box.crm.edit(crm_id, deliver=False, subject="یادداشت")


async def _add_customer(box: Sandbox, number: str, national_code: str) -> str:
    return box.crm.add_customer(
        "person", deliver=False, nickName="سارا محمدی", customerNumber=number, nationalCode=national_code
    )


async def _add_contact(box: Sandbox, national_code: str) -> int:
    return box.finance.add_contact(Name="سارا محمدی", NationalCode=national_code)


async def _add_invoice(box: Sandbox, customer: str) -> str:
    lines = [document_line(_RNG) for _ in range(3)]
    return box.crm.add_document("invoice", customer, lines, deliver=False, subject="فاکتور")


async def _requests(box: Sandbox) -> list[dict[str, Any]]:
    """What was asked since the last time, logins left out."""
    names = ("system", "operation", "method", "path", "body")
    asked = [{n: getattr(e, n) for n in names} for e in box.journal.entries if e.effect != "login"]
    box.journal.clear()
    return asked


async def _until_written(box: Sandbox, crm_id: str, phone: str) -> float:
    """Change a phone, with its webhook, and answer the seconds until finance has answered the write."""
    box.journal.clear()
    started = time.perf_counter()
    box.crm.set_phone(crm_id, "Mobile", phone)
    entry = (await box.journal.wait_for(1, system="finance", effect="write"))[0]
    while entry.status is None:
        await asyncio.sleep(0.001)
    return time.perf_counter() - started


_COMMANDS: dict[str, Callable[..., Awaitable[Any]]] = {
    command.__name__.strip("_"): command
    for command in (
        _latency,
        _filters,
        _customers,
        _change_phones,
        _touch,
        _add_customer,
        _add_contact,
        _add_invoice,
        _requests,
        _until_written,
    )
}


async def _run(customers: int) -> None:
    made: asyncio.Future[Sandbox] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(crm_port=0, finance_port=0, customers=customers, started=made.set_result, stop=stop)
    )
    box = await made
    _say(environment(box) | {"WEBHOOK_SECRET": box.crm.webhook_secret})
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        name, arguments = decode(line)
        _say(await _COMMANDS[name](box, **arguments))
    stop.set()
    await serving


def _say(answer: Any) -> None:
    sys.stdout.buffer.write(encode(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1])))
