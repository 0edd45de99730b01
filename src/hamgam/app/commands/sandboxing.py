"""`hamgam sandbox`: both remote systems, simulated, on loopback."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import msgspec

from hamgam import sandbox
from hamgam.app.commands.output import console
from hamgam.app.commands.serving import listen, until_told_to_stop
from hamgam.errors import UsageError


async def run(*, crm_port: int, finance_port: int, customers: int, moods: Sequence[str]) -> int:
    crm_mood, finance_mood = chosen(moods)
    if customers < 0:
        raise UsageError(f"--customers: {customers} is not a number of customers")
    if crm_port == finance_port != 0:
        raise UsageError(f"--finance-port: {finance_port} is the --crm-port; give them different ports")
    for option, port in (("--crm-port", crm_port), ("--finance-port", finance_port)):
        listen("127.0.0.1", port, option).close()
    serving = asyncio.ensure_future(
        sandbox.serve(
            crm_port=crm_port,
            finance_port=finance_port,
            customers=customers,
            crm_mood=crm_mood,
            finance_mood=finance_mood,
            started=_announce,
        )
    )
    waiting = asyncio.ensure_future(until_told_to_stop())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in (serving, waiting):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return 0


def chosen(moods: Sequence[str]) -> tuple[sandbox.CrmMood, sandbox.FinanceMood]:
    """Both systems' moods from `name=value` texts. Raises `UsageError` for a name or value that is none."""
    given = dict(_pair(text) for text in moods)
    kinds = (sandbox.CrmMood, sandbox.FinanceMood)
    names = [{field.name for field in fields(kind)} for kind in kinds]
    unknown = given.keys() - names[0] - names[1]
    if unknown:
        known = ", ".join(sorted(names[0] | names[1]))
        raise UsageError(f"--mood: {', '.join(sorted(unknown))} is unknown; there are {known}")
    crm, finance = (
        _converted({name: given[name] for name in mine & given.keys()}, kind)
        for mine, kind in zip(names, kinds, strict=True)
    )
    return crm, finance


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise UsageError(f"--mood: {text} is not of the form name=value")
    return name.strip(), value.strip()


def _converted(values: dict[str, str], kind: type[Any]) -> Any:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"--mood: {error}") from None


def _announce(box: sandbox.Sandbox) -> None:
    out = console()
    out.print("Put this into .env, or into the environment, of a hamgam beside it:\n")
    for name, value in environment(box).items():
        out.print(f"{name}={value}", soft_wrap=True)
    out.print("\nFaults, journal and people are at /_sandbox on both ports. Ctrl-C ends it.")


def environment(box: sandbox.Sandbox) -> dict[str, str]:
    """The settings with which the engine reaches this sandbox."""
    return {
        "CRM_API_BASE_URL": box.crm_url,
        "CRM_USERNAME": sandbox.CRM_USERNAME,
        "CRM_PASSWORD": sandbox.CRM_PASSWORD,
        "FINANCE_API_BASE_URL": box.finance_url,
        "FINANCE_USERNAME": sandbox.FINANCE_USERNAME,
        "FINANCE_PASSWORD": sandbox.FINANCE_PASSWORD_MD5,
    }
