"""Prometheus numbers: right, shared, growing, and not asked for too often."""

from datetime import timedelta

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from hamgam.db.engine import Database
from tests.web.conftest import GUID, NOW, TOKEN, AddSync, Installation, asking


async def numbers(client: httpx2.AsyncClient) -> dict[str, float]:
    """Samples by name and labels, as Prometheus reads them."""
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        sample.name + "".join(f" {value}" for value in sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_an_empty_installation_has_numbers(client: httpx2.AsyncClient) -> None:
    found = await numbers(client)
    assert found["hamgam_queue_depth"] == 0
    assert found["hamgam_mappings CUSTOMER"] == 0
    assert found["hamgam_remote_calls_total crm"] == 0
    assert found["hamgam_sync_duration_seconds_count"] == 0
    assert not any("timestamp" in name for name in found)


async def test_syncs_and_their_durations(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    for milliseconds in (50, 51, 100, 400_000):
        add_sync(durationMs=milliseconds)
    add_sync(status="SKIPPED", operation="NONE", triggerType="POLL", durationMs=0)
    add_sync(status="IN_PROGRESS", durationMs=None, completedAt=None)
    found = await numbers(client)
    assert found["hamgam_syncs_total SUCCESS UPDATE WEBHOOK"] == 4
    assert found["hamgam_syncs_total NONE POLL SKIPPED"] == 1
    assert not any("IN_PROGRESS" in name for name in found)
    assert found["hamgam_sync_duration_seconds_bucket 0.05"] == 1
    assert found["hamgam_sync_duration_seconds_bucket 0.1"] == 3
    assert found["hamgam_sync_duration_seconds_bucket 300.0"] == 3
    assert found["hamgam_sync_duration_seconds_bucket +Inf"] == 4
    assert found["hamgam_sync_duration_seconds_count"] == 4
    assert found["hamgam_sync_duration_seconds_sum"] == 400.201
    assert found["hamgam_last_success_timestamp_seconds"] == NOW.timestamp()


async def test_remote_systems_polling_and_the_queue(client: httpx2.AsyncClient, db: Database) -> None:
    await db.execute(
        text(
            """INSERT INTO "RemoteSystem" (system, state, calls, errors, milliseconds)"""
            """ VALUES ('finance', 'ok', 12, '{"TIMEOUT": 3}', 4500)"""
        )
    )
    await db.execute(text("""INSERT INTO "PollCursor" VALUES ('person', :at, :at, 200)"""), {"at": NOW})
    await client.get(f"/webhook/crm/identity/{TOKEN}?id={GUID}")
    found = await numbers(client)
    assert found["hamgam_remote_calls_total finance"] == 12
    assert found["hamgam_remote_errors_total TIMEOUT finance"] == 3
    assert found["hamgam_remote_call_seconds_total finance"] == 4.5
    assert found["hamgam_last_poll_timestamp_seconds"] == NOW.timestamp()
    assert (found["hamgam_queue_depth"], found["hamgam_needs_attention"]) == (1, 1)
    assert found["hamgam_queue_oldest_seconds"] >= 0


async def test_numbers_are_kept_for_five_seconds(
    client: httpx2.AsyncClient, installation: Installation, add_sync: AddSync
) -> None:
    success = "hamgam_syncs_total SUCCESS UPDATE WEBHOOK"
    add_sync()
    assert (await numbers(client))[success] == 1
    add_sync()
    installation.clock.now += timedelta(seconds=4)
    assert (await numbers(client))[success] == 1
    installation.clock.now += timedelta(seconds=1)
    assert (await numbers(client))[success] == 2


async def test_a_failed_sync_that_is_put_back_does_not_count_down(
    client: httpx2.AsyncClient, installation: Installation, db: Database, add_sync: AddSync
) -> None:
    failed = "hamgam_syncs_total FAILED UPDATE WEBHOOK"
    told = []
    add_sync(status="FAILED")
    for status in ("FAILED", "PENDING", "FAILED"):
        await db.execute(text('UPDATE "SyncLog" SET status = :status'), {"status": status})
        told.append((await numbers(client))[failed])
        installation.clock.now += timedelta(seconds=5)
    assert told == [1, 1, 2]


async def test_two_processes_report_the_same(
    installation: Installation, db: Database, add_sync: AddSync
) -> None:
    add_sync()
    async with asking(installation, db) as one, asking(installation, db) as other:
        assert await numbers(one) == await numbers(other)
