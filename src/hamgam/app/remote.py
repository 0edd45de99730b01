"""Both remote systems, as all processes of the installation know them together."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hamgam.db.engine import Database
from hamgam.model import System
from hamgam.systems.session import REFUSAL_PAUSE
from hamgam.trail import numbers
from hamgam.trail.numbers import RemoteState
from hamgam.trail.outages import Outage, outages
from hamgam.trail.remote import SessionState, session_states, waiting_since


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One remote system."""

    state: RemoteState
    session: SessionState
    outage: Outage | None
    """None: no process holds its calls back."""
    waiting_since: datetime | None
    """Since when a call has been waiting for its answer; None: none has for unusually long."""

    @property
    def tone(self) -> Literal["bad", "waiting", "ok", "unknown"]:
        """How it is, the worst first. A system that refuses one record is well."""
        if not self.state.up:
            return "bad"
        if self.waiting_since is not None:
            return "waiting"
        return "unknown" if self.state.state == "unknown" else "ok"

    def waited_seconds(self, now: datetime) -> int:
        """How long that call has waited, by a clock that may differ from that of its process."""
        return max(0, int((now - self.waiting_since).total_seconds())) if self.waiting_since else 0

    @property
    def mean_ms(self) -> float | None:
        return self.state.seconds * 1000 / self.state.calls if self.state.calls else None

    @property
    def tries_login_at(self) -> datetime | None:
        """The earliest next try with credentials that were refused; None where none were."""
        refused, since = self.session.refused_at, self.session.since
        if refused is None:
            return None
        works = self.session.exists and (self.state.up or (since is not None and since > refused))
        return None if works else refused + REFUSAL_PAUSE


async def connections_of(db: Database) -> dict[System, Connection]:
    states, sessions = await numbers.remote_states(db), await session_states(db)
    down, waiting = await outages(db), await waiting_since(db)
    return {
        system: Connection(
            state=states[system],
            session=sessions[system],
            outage=down.get(system),
            waiting_since=waiting.get(system),
        )
        for system in System
    }
