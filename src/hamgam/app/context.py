"""What the web service works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

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
