"""The `hamgam` command: what can be said to it.

Commands are imported when they run, so that `--help` answers at once.
"""

import asyncio
import selectors
import sys
from collections.abc import Coroutine, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from cyclopts import App, Parameter

from hamgam import __version__
from hamgam.app.cli_options import DryRun, Json
from hamgam.app.cli_options import settings as _settings
from hamgam.app.cli_people import token, user
from hamgam.app.ending import UNREAD, explained, nobody_reads
from hamgam.app.signals import stoppable

app = App(
    name="hamgam",
    help="Keeps a finance system in step with a CRM: Payamgostar to Siagh.",
    version=__version__,
    default_parameter=Parameter(negative=""),
)
sync = App(name="sync", help="Sync by hand, now, with the result printed.")
webhooks = App(name="webhooks", help="Webhook subscriptions in the CRM.")
db = App(name="db", help="The database: schema, health, backup.")
for group in (sync, webhooks, db, user, token):
    app.command(group)


@app.command(name="initial-import")
async def initial_import(
    *,
    dry_run: DryRun = False,
    limit: int | None = None,
    again: bool = False,
    force: bool = False,
    json: Json = False,
) -> int:
    """Import finance's customers into the CRM, once.

    Parameters
    ----------
    limit
        Create or link at most this many; such a run does not count as finished.
    again
        Run although an import has finished: link and add what is new.
    force
        Go on although such a run would create suspiciously many customers (MAX_CHANGE_PERCENT).
    """
    from hamgam.app.commands.importing import run

    return await run(_settings(), dry_run=dry_run, limit=limit, again=again, force=force, as_json=json)


@app.command
async def start() -> int:
    """Run the whole engine in one process: web service, poll schedule, workers."""
    from hamgam.app.commands.serving import run

    return await run(_settings(), web=True, worker=True)


@app.command
async def web() -> int:
    """Run the web service alone, beside workers on the same DATABASE_URL."""
    from hamgam.app.commands.serving import run

    return await run(_settings(), web=True, worker=False)


@app.command
async def worker() -> int:
    """Run a worker alone, beside others on the same DATABASE_URL."""
    from hamgam.app.commands.serving import run

    return await run(_settings(), web=False, worker=True)


@sync.default
async def sync_changed(
    *,
    since: str | None = None,
    all: bool = False,
    dry_run: DryRun = False,
    force: bool = False,
    json: Json = False,
) -> int:
    """Sync everything that changed since a time, or everything there is.

    Parameters
    ----------
    since
        A date or time (2026-11-24, 2026-11-24T10:30, 1405/09/03; Tehran time unless it names another), or an
        age such as 90m, 6h, 3d.
    all
        Everything there is in the CRM.
    force
        Go on although suspiciously many customers would be written (MAX_CHANGE_PERCENT).
    """
    from hamgam.app.commands.syncing import run_since

    return await run_since(
        _settings(), since=since, everything=all, dry_run=dry_run, force=force, as_json=json
    )


@sync.command(name="customer")
async def sync_customers(*ids: str, dry_run: DryRun = False, json: Json = False) -> int:
    """Sync customers by their CRM ids."""
    from hamgam.app.commands.syncing import run_customers

    return await run_customers(_settings(), ids, dry_run=dry_run, as_json=json)


@sync.command(name="invoice")
async def sync_invoices(*ids: str, dry_run: DryRun = False, json: Json = False) -> int:
    """Sync sales invoices or quotes by their CRM ids."""
    from hamgam.app.commands.syncing import run_documents

    return await run_documents(_settings(), ids, dry_run=dry_run, as_json=json)


@app.command
async def status(*, json: Json = False) -> int:
    """Show mappings, syncs, the queue, the last poll and what needs attention."""
    from hamgam.app.commands.showing import show_status

    return await show_status(_settings(), as_json=json)


@app.command
async def logs(
    *,
    status: str | None = None,
    entity: str | None = None,
    trigger: str | None = None,
    limit: int = 20,
    json: Json = False,
) -> int:
    """Show the sync log, newest first.

    Parameters
    ----------
    status
        Only this status, such as FAILED.
    entity
        Only the entity with this CRM id or finance code.
    trigger
        Only this trigger: WEBHOOK, POLL, MANUAL, IMPORT or RECONCILE.
    limit
        How many rows.
    """
    from hamgam.app.commands.showing import show_logs

    return await show_logs(
        _settings(), status=status, entity=entity, trigger=trigger, limit=limit, as_json=json
    )


@app.command
async def retry(*log_ids: str, all_failed: bool = False) -> int:
    """Put failed syncs back into the queue.

    Parameters
    ----------
    log_ids
        Ids of rows of the sync log (see `hamgam logs --status FAILED`).
    all_failed
        All that failed and are not settled.
    """
    from hamgam.app.commands.settling import run_retry

    return await run_retry(_settings(), log_ids, all_failed=all_failed)


@app.command
async def settle(
    log_id: str, /, *, exists: str | None = None, absent: bool = False, json: Json = False
) -> int:
    """Say what became of a sync in doubt, or which finance record a conflict is about.

    Parameters
    ----------
    log_id
        Id of a row of the sync log (see `hamgam logs --status IN_DOUBT` and `--status CONFLICT`).
    exists
        It is in finance, under this code or document key.
    absent
        It is not in finance, and is sent.
    """
    from hamgam.app.commands.settling import run

    return await run(_settings(), log_id, exists=exists, absent=absent, as_json=json)


@app.command(name="check-apis")
async def check_apis(*, json: Json = False) -> int:
    """Log in to both systems, read, and say what each build supports. Writes nothing."""
    from hamgam.app.commands.showing import check_apis as check

    return await check(_settings(), as_json=json)


@webhooks.command(name="list")
async def webhooks_list(*, json: Json = False) -> int:
    """List the subscriptions that the CRM knows."""
    from hamgam.app.commands.subscribing import show

    return await show(_settings(), as_json=json)


@webhooks.command(name="register")
async def webhooks_register() -> int:
    """Register this installation's address with the CRM."""
    from hamgam.app.commands.subscribing import register

    return await register(_settings())


@webhooks.command(name="remove")
async def webhooks_remove(*ids: str) -> int:
    """Remove subscriptions; without an id those of this installation's address."""
    from hamgam.app.commands.subscribing import remove

    return await remove(_settings(), ids)


@app.command(name="hash-password")
def hash_password(password: str | None = None, /) -> int:
    """Print the upper-case MD5 for FINANCE_PASSWORD; asks without echo when no password is given."""
    from hamgam.app.commands.passwords import run

    return run(password)


@db.command(name="upgrade")
async def db_upgrade() -> int:
    """Bring the schema up to date."""
    from hamgam.app.commands.database import upgrade

    return await upgrade(_settings())


@db.command(name="check")
async def db_check(*, json: Json = False) -> int:
    """Say whether the database answers, its schema version and its size."""
    from hamgam.app.commands.database import check

    return await check(_settings(), as_json=json)


@db.command(name="url")
async def db_url() -> int:
    """Print a URL for psql and other clients."""
    from hamgam.app.commands.database import url

    return await url(_settings())


@db.command(name="backup")
async def db_backup(file: Path, /) -> int:
    """Write a backup while the engine runs."""
    from hamgam.app.commands.database import backup

    return await backup(_settings(), file)


@db.command(name="restore")
async def db_restore(file: Path, /) -> int:
    """Replace the database's content by a backup. Stop the engine first."""
    from hamgam.app.commands.database import restore

    return await restore(_settings(), file)


@app.command
async def sandbox(
    *,
    crm_port: int = 8101,
    finance_port: int = 8102,
    customers: int = 200,
    mood: tuple[str, ...] = (),
) -> int:
    """Run both remote systems, simulated, on loopback, with seed data and faults on request.

    Parameters
    ----------
    customers
        How many customers finance holds at the start.
    mood
        A variant of either system, such as returns_tmpid=false; may be given several times.
    """
    from hamgam.app.commands.sandboxing import run

    return await run(crm_port=crm_port, finance_port=finance_port, customers=customers, moods=mood)


@app.command
async def demo(*, port: int = 3000, customers: int = 200, seconds: float | None = None) -> int:
    """Sandbox, import, engine and dashboard in one command, with changes that can be watched.

    Parameters
    ----------
    port
        Port of the dashboard; the next free one is taken when it is in use.
    customers
        How many customers finance holds at the start.
    seconds
        End by itself after this long.
    """
    from hamgam.app.commands.demo import run

    return await run(port=port, customers=customers, seconds=seconds)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    _speak_utf8()
    sys.exit(_run(sys.argv[1:] if arguments is None else arguments))


def _run(arguments: Sequence[str]) -> int:
    try:
        command, bound, _ = app.parse_args(list(arguments), print_error=False, exit_on_error=False)
        result = command(*bound.args, **bound.kwargs)
        status = _finish(result) if asyncio.iscoroutine(result) else result or 0
        sys.stdout.flush()
        return status
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        return UNREAD if nobody_reads(error) else explained(error)


def _finish(coroutine: Coroutine[Any, Any, int]) -> int:
    with asyncio.Runner(loop_factory=_selector_loop) as runner:
        return runner.run(stoppable(coroutine))


def _selector_loop() -> asyncio.AbstractEventLoop:
    """The kind of loop that the database driver needs; Windows would choose another."""
    return asyncio.SelectorEventLoop(selectors.DefaultSelector())


def _speak_utf8() -> None:
    """Persian text must not fail on a console of another code page."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
