"""`hamgam status`, `logs` and `check-apis`: they read and print."""

from datetime import datetime

from hamgam.app.commands.output import console, counts, print_json, table
from hamgam.app.probing import probe, probe_document
from hamgam.app.status import SystemStatus, recent_syncs, status
from hamgam.app.wiring import open_database, open_site, utcnow
from hamgam.errors import UsageError
from hamgam.model import ProbeReport, Status, Trigger
from hamgam.settings import Settings

_MOST_ROWS = 100_000
_COLUMNS = (
    "startedAt",
    "operation",
    "status",
    "reason",
    "triggerType",
    "sourceEntityId",
    "targetEntityId",
    "id",
)


async def show_status(settings: Settings, *, as_json: bool) -> int:
    async with open_database(settings) as db:
        found = await status(db, utcnow)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return 0
    rows = [
        ("needs attention", found.needs_attention),
        ("queue depth", found.queue_depth),
        ("oldest waiting (s)", round(found.oldest_waiting_seconds)),
        ("mappings", counts(found.mappings)),
        ("syncs today", counts(found.syncs.today)),
        ("syncs in 24 h", counts(found.syncs.last_24h)),
        ("syncs in all", counts(found.syncs.all)),
        ("last poll", _moment(found.last_poll.at)),
        *((name, _system(now)) for name, now in found.systems.items()),
    ]
    console().print(table(("hamgam", ""), rows))
    return 0


def _system(now: SystemStatus) -> str:
    since = f" since {now.since.isoformat()}" if now.since else ""
    return f"{now.state}{since}, last contact {_moment(now.last_contact)}"


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else "never"


async def show_logs(
    settings: Settings,
    *,
    status: str | None,
    entity: str | None,
    trigger: str | None,
    limit: int,
    as_json: bool,
) -> int:
    _one_of("--status", status, Status)
    _one_of("--trigger", trigger, Trigger)
    if not 1 <= limit <= _MOST_ROWS:
        raise UsageError(f"--limit: {limit} is not a number of rows; give 1 to {_MOST_ROWS}")
    if entity is not None and not _is_storable(entity):
        raise UsageError("--entity: is no text; give a CRM id or a finance code")
    async with open_database(settings) as db:
        rows = await recent_syncs(db, limit=limit, status=status, entity=entity, trigger=trigger)
    if as_json:
        print_json(rows)
        return 0
    console().print(table(_COLUMNS, ([row[name] for name in _COLUMNS] for row in rows)))
    return 0


async def check_apis(settings: Settings, *, as_json: bool) -> int:
    """Exit status 3 when a system cannot be reached or refuses the login."""
    async with open_database(settings) as db, open_site(settings, db, read_only=True) as site:
        reports = await probe(site)
    if as_json:
        print_json(probe_document(reports))
    else:
        for name, report in reports.items():
            _show_probe(name, report)
    return 0 if all(report.reachable and report.login for report in reports.values()) else 3


def _show_probe(name: str, report: ProbeReport) -> None:
    out = console()
    state = "reachable" if report.reachable else "NOT REACHABLE"
    login = "logged in" if report.login else "NOT LOGGED IN"
    rows = [(finding.code, finding.value, finding.meaning) for finding in report.findings]
    out.print(table(("finding", "value", "what it means"), rows, title=f"{name}: {state}, {login}"))
    out.print(", ".join(f"{read} {took} ms" for read, took in report.milliseconds.items()))


def _is_storable(text: str) -> bool:
    """Whether the database can be asked for it: bytes that are no UTF-8 arrive as surrogates."""
    return not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text)


def _one_of(option: str, value: str | None, choices: type[Status] | type[Trigger]) -> None:
    if value is not None and value not in {choice.value for choice in choices}:
        raise UsageError(f"{option}: {value} is not one of {', '.join(choices)}")
