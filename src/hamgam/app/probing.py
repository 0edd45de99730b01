"""The site probe: both systems are asked, by reading only, what their builds support."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from hamgam.app.context import WebContext
from hamgam.app.reaching import opened
from hamgam.errors import UsageError
from hamgam.model import ProbeReport
from hamgam.sync.site import Site
from hamgam.trail import probes
from hamgam.trail.probes import Probe

logger = structlog.get_logger()

TOOK_TOO_LONG, CUT_OFF = "TOOK_TOO_LONG", "CUT_OFF"
_LOCK = "site probe"


async def probe(site: Site) -> dict[str, ProbeReport]:
    crm, finance = await asyncio.gather(site.crm.probe(), site.finance.probe())
    return {"crm": crm, "finance": finance}


def probe_document(reports: Mapping[str, ProbeReport]) -> dict[str, Any]:
    """What `check-apis --json` prints, and what is kept of a probe."""
    return {
        name: {
            "reachable": report.reachable,
            "login": report.login,
            "findings": [{"code": f.code, "value": f.value, "meaning": f.meaning} for f in report.findings],
            "ms": dict(report.milliseconds),
        }
        for name, report in reports.items()
    }


async def check_site(context: WebContext, by: str) -> Probe:
    """Probe the site and keep the result. Raises `UsageError` when somebody does so already."""
    db = context.db
    async with db.locked(_LOCK) as held:
        if held is None:
            raise UsageError("the site is being checked already")
        async with opened(context.site) as site:
            logger.info("probe.asked", by=by)
            probe_id = await probes.begin(db, by, context.clock())
            report, trouble = None, CUT_OFF
            try:
                async with asyncio.timeout(context.probe_seconds):
                    report, trouble = probe_document(await probe(site)), ""
            except TimeoutError:
                trouble = TOOK_TOO_LONG
            finally:
                await probes.end(db, probe_id, report, trouble or None, context.clock())
    found = await probes.newest(db, ended=True)
    assert found is not None
    return found


async def under_way(context: WebContext) -> Probe | None:
    """The probe that runs now, in whatever process; one that died has let go of its lock."""
    running = await probes.newest(context.db, ended=False)
    if running is None:
        return None
    async with context.db.locked(_LOCK) as held:
        return running if held is None else None
