"""What the web service works with."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hamgam.app.reaching import OpenSite, no_site
from hamgam.db.engine import Database
from hamgam.settings import Settings


@dataclass(frozen=True, slots=True)
class WebContext:
    settings: Settings
    db: Database
    clock: Callable[[], datetime]
    """Aware UTC."""
    workers_running: Callable[[], bool]
    """Whether this process runs jobs itself."""
    site: OpenSite = no_site
    """Both remote systems, for the length of a block: `async with context.site() as site`."""
    probe_seconds: float = 60
    """How long a probe of the site may take."""
    monotonic: Callable[[], float] = time.monotonic
    body_seconds: float = 10
    """How long the body of a webhook may take to arrive."""
