"""What is drawn for the whole of one example, and what can go wrong with one call."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from hamgam.sandbox import CrmMood, Fault, FaultKind, FinanceMood
from hamgam.sync.decide import DeletePolicy, InvoiceUpdatePolicy
from hamgam.sync.match import MatchKey

FAULTS = (
    Fault(FaultKind.RESET_BEFORE),
    Fault(FaultKind.RESET_AFTER),
    Fault(FaultKind.TIMEOUT, after=True),
    Fault(FaultKind.LATENCY),
    Fault(FaultKind.STATUS, status=503),
    Fault(FaultKind.STATUS, status=500),
    Fault(FaultKind.STATUS, status=500, after=True),
    Fault(FaultKind.BROKEN_BODY),
    Fault(FaultKind.HTML_BODY),
    Fault(FaultKind.UNAUTHORIZED),
    Fault(FaultKind.RATE_LIMITED),
    None,
)


@dataclass(frozen=True)
class Weather:
    """What stays as it is for the whole of one example."""

    crm: CrmMood
    finance: FinanceMood
    crm_ahead_seconds: int
    polled: bool
    customers: int
    """How many are there and told of at the beginning, each with a document or without."""
    contacts: int
    """How many finance has that nobody knows yet."""
    rules: dict[str, Any]


WEATHER = st.builds(
    Weather,
    crm=st.builds(
        CrmMood,
        echo_transaction=st.booleans(),
        unknown_id=st.sampled_from(("404", "null")),
        webhook_shape=st.sampled_from(("nested", "flat", "query")),
        number_unique=st.booleans(),
    ),
    finance=st.builds(
        FinanceMood,
        returns_tmpid=st.booleans(),
        filters=st.sampled_from(("all", "all", "tel_only", "none")),
        duplicate_phone_refused=st.booleans(),
        update_makes_new=st.sampled_from((False, False, False, True)),
    ),
    crm_ahead_seconds=st.sampled_from((0, -600, 600)),
    polled=st.booleans(),
    customers=st.integers(0, 2),
    contacts=st.integers(0, 1),
    rules=st.fixed_dictionaries(
        {
            "on_delete": st.sampled_from(DeletePolicy),
            "on_invoice_update": st.sampled_from((InvoiceUpdatePolicy.EDIT, *InvoiceUpdatePolicy)),
            "match_keys": st.sampled_from((tuple(MatchKey), (MatchKey.NATIONAL_ID,), ())),
            "retries_allowed": st.sampled_from((3, 0)),
            "write_back_reference": st.booleans(),
        }
    ),
)
