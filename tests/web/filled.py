"""An installation with something behind every number of its pages; of most of it more than a page holds."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Trigger
from tests.web.conftest import GUID, NOW, insert_sync

PLAN, RUN, BULK, FAILED = (str(UUID(int=number)) for number in (7, 8, 9, 10))
CUSTOMERS, DOCUMENTS, WAITING = 103, 51, 230
_SYNCS = {"SUCCESS": 70, "FAILED": 60, "CONFLICT": 5, "IN_DOUBT": 4, "SKIPPED": 55}
_ENDS = {
    ("SUCCESS", "CREATE", None): 60,
    ("SKIPPED", "NONE", "INACTIVE"): 8,
    ("CONFLICT", "NONE", "MATCH_TAKEN"): 3,
}
_MAPPING = """
INSERT INTO "EntityMapping" ("entityType", "crmId", "financeId", "crmEntity", "createdAt")
SELECT %(type)s, lpad(n::text, 32, '0')::uuid::text, n::text, %(entity)s,
       %(now)s - make_interval(secs => n / 2)
FROM generate_series(1, %(many)s) AS n
"""
"""Two at each moment, so that the time alone does not say where a page begins."""
Connection = psycopg.Connection[Any]


def link(connection: Connection, type_: str, entity: str, many: int) -> None:
    connection.execute(_MAPPING, {"type": type_, "entity": entity, "many": many, "now": NOW})


async def filled(db: Database, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        link(connection, "CUSTOMER", "customer", CUSTOMERS)
        link(connection, "PREINVOICE", "invoice", DOCUMENTS)
        _syncs(connection)
        _around(connection)
        _imports(connection)
        _bulk(connection)
    await _enqueue(db)


def _syncs(connection: Connection) -> None:
    for status, number in _SYNCS.items():
        for n in range(number):
            at = NOW - timedelta(minutes=7 * n, microseconds=n)
            reason = None if status == "SUCCESS" else ("DUPLICATE_PHONE", "WRONG_ADDRESS")[n % 2]
            row = {"status": status, "reason": reason, "startedAt": at, "sourceEntityId": f"{status}-{n}"}
            tried = {"attempts": [{"endedAt": NOW.isoformat()}]} if n % 3 == 0 else {}
            insert_sync(connection, row | tried | ({"id": FAILED} if (status, n) == ("FAILED", 0) else {}))


def _around(connection: Connection) -> None:
    connection.execute(
        """INSERT INTO "WebhookDelivery" (entity, "crmId", "receivedAt") VALUES ('customer', %s, %s)""",
        [GUID, NOW],
    )
    insert_sync(connection, {"status": "SUCCESS", "sourceEntityId": GUID, "startedAt": NOW})
    connection.execute(
        """INSERT INTO "PollCursor" (stream, cursor, "polledAt", held)"""
        """ VALUES ('person', %(at)s, %(at)s, 900)""",
        {"at": NOW},
    )
    connection.execute(
        """INSERT INTO "RemoteSystem" (system, state, "lastContactAt", calls, errors, milliseconds)"""
        """ VALUES ('crm', 'ok', %(at)s, 4321, %(errors)s, 99)""",
        {"at": NOW, "errors": Jsonb({"DUPLICATE_PHONE": 17})},
    )


def _imports(connection: Connection) -> None:
    """A plan of 130 contacts, and an import with another one of the same day beside it."""
    runs = {
        PLAN: (True, {"created": 120, "skipped": 10, "total": 130}, {"INACTIVE": 10}),
        RUN: (
            False,
            {"created": 60, "skipped": 8, "failed": 3, "total": 71},
            {"INACTIVE": 8, "MATCH_TAKEN": 3},
        ),
    }
    for n, (run, (dry, counts, reasons)) in enumerate(runs.items()):
        connection.execute(
            """INSERT INTO "ImportRun" (id, "dryRun", state, "startedAt", "endedAt", counts, reasons)"""
            """ VALUES (%s, %s, 'DONE', %s, %s, %s, %s)""",
            [run, dry, NOW - timedelta(minutes=n), NOW, Jsonb(counts), Jsonb(reasons)],
        )
    connection.execute(
        """INSERT INTO "PlannedContact" ("runId", position, code, name, kind, outcome, reason)"""
        """ SELECT %s, n, n::text, 'x', 'person', CASE WHEN n > 10 THEN 'created' ELSE 'skipped' END,"""
        """ CASE WHEN n <= 10 THEN 'INACTIVE' END FROM generate_series(1, 130) AS n""",
        [PLAN],
    )
    for run in (RUN, GUID):
        for (status, operation, reason), number in _ENDS.items():
            for n in range(number):
                insert_sync(connection, {
                    "status": status, "operation": operation, "reason": reason, "triggerType": "IMPORT",
                    "direction": "FINANCE_TO_CRM", "sourceEntity": "contact", "sourceEntityId": f"{run}-{n}",
                    "triggerPayload": {"run": run}, "startedAt": NOW - timedelta(days=2),
                    "resolvedAt": NOW if status == "CONFLICT" else None,
                })  # fmt: skip


def _bulk(connection: Connection) -> None:
    """An action on what failed, half of which was dismissed."""
    connection.execute(
        """INSERT INTO "BulkAction" (id, what, filter, "by", "startedAt", total, done)"""
        """ VALUES (%s, 'dismiss', '{}', 'Sara', %s, 60, 30)""",
        [BULK, NOW],
    )
    connection.execute(
        """INSERT INTO "BulkItem" ("bulkId", "logId", seen, outcome)"""
        """ SELECT %s, id, "transactionId", CASE WHEN row_number() OVER () <= 30 THEN 'DONE' END"""
        """ FROM "SyncLog" WHERE status = 'FAILED'""",
        [BULK],
    )


async def _enqueue(db: Database) -> None:
    """More than a page; some of it is due at one time, some later, and some is more urgent."""
    for trigger, number, at in (
        (Trigger.POLL, 70, None),
        (Trigger.MANUAL, 40, None),
        (Trigger.POLL, 60, NOW + timedelta(minutes=9)),
        (Trigger.WEBHOOK, 60, NOW + timedelta(minutes=8)),
    ):
        keys = [EntityKey(Entity.CUSTOMER, CrmId(f"{trigger}-{at}-{n}")) for n in range(number)]
        async with db.transaction() as connection:
            await queue.enqueue(connection, [ChangeNotice(key=key, trigger=trigger) for key in keys], at=at)
    async with db.transaction() as connection:
        await connection.exec_driver_sql(
            "UPDATE procrastinate_jobs SET status = 'doing' WHERE id IN (SELECT id FROM procrastinate_jobs"
            " WHERE task_name = 'sync' ORDER BY id DESC LIMIT 3)"
        )
