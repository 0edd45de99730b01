"""A run that looks like a catastrophe stops before its first write and asks a person."""

from hamgam.db.engine import Database
from hamgam.trail import mapping

_FEW = 100
"""Below this many writes a run is never suspicious."""


async def too_many(db: Database, writes: int, max_change_percent: int) -> bool:
    """Whether a run would write so many customers, measured by those that are mapped."""
    return writes > _FEW and writes * 100 > max_change_percent * await mapping.count_customers(db)
