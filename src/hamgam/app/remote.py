"""Both remote systems, as all processes of the installation know them together."""

from dataclasses import dataclass
from datetime import datetime

from hamgam.db.engine import Database
from hamgam.model import System
from hamgam.systems.session import REFUSAL_PAUSE
from hamgam.trail import numbers
from hamgam.trail.numbers import RemoteState
from hamgam.trail.outages import Outage, outages
from hamgam.trail.remote import SessionState, session_states


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One remote system."""

    state: RemoteState
    session: SessionState
    outage: Outage | None
    """None: no process holds its calls back."""

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
    states, sessions, down = await numbers.remote_states(db), await session_states(db), await outages(db)
    return {
        system: Connection(state=states[system], session=sessions[system], outage=down.get(system))
        for system in System
    }
