"""Both remote systems, simulated after their contracts; tests, demo and benchmarks use the same ones.

Nothing here knows the engine: the only way in is HTTP, and the state is there to be looked at.
"""

from hamgam.sandbox.crm import Crm
from hamgam.sandbox.faults import Fault, FaultKind, Faults
from hamgam.sandbox.finance import Finance
from hamgam.sandbox.journal import Entry, Journal
from hamgam.sandbox.mishaps import Mishaps
from hamgam.sandbox.moods import (
    CRM_PASSWORD,
    CRM_USERNAME,
    FINANCE_PASSWORD,
    FINANCE_PASSWORD_MD5,
    FINANCE_USERNAME,
    CrmMood,
    FinanceMood,
)
from hamgam.sandbox.people import Action, People, seed_finance
from hamgam.sandbox.server import Sandbox, Violation
from hamgam.sandbox.serving import serve

__all__ = [
    "CRM_PASSWORD",
    "CRM_USERNAME",
    "FINANCE_PASSWORD",
    "FINANCE_PASSWORD_MD5",
    "FINANCE_USERNAME",
    "Action",
    "Crm",
    "CrmMood",
    "Entry",
    "Fault",
    "FaultKind",
    "Faults",
    "Finance",
    "FinanceMood",
    "Journal",
    "Mishaps",
    "People",
    "Sandbox",
    "Violation",
    "seed_finance",
    "serve",
]
