"""What can go wrong, named by what happens next, and the stable reason codes with their sentences.

The worker needs only the branch; people need the reason.
"""

from enum import StrEnum

from hamgam.model import System


class Reason(StrEnum):
    """Why a sync was skipped, failed or needs a person. Stable: scripts and pages rely on the names."""

    OWN_TRANSACTION = "OWN_TRANSACTION"
    TIME_GATE = "TIME_GATE"
    CHECKSUM_MATCH = "CHECKSUM_MATCH"
    CRM_PRIORITY = "CRM_PRIORITY"
    NOT_IN_CRM = "NOT_IN_CRM"
    DELETED_IN_CRM = "DELETED_IN_CRM"
    ALREADY_MAPPED = "ALREADY_MAPPED"
    NUMBER_IN_CRM = "NUMBER_IN_CRM"
    BEING_CREATED = "BEING_CREATED"
    ADMINISTRATOR = "ADMINISTRATOR"
    INACTIVE = "INACTIVE"
    UNUSABLE_RECORD = "UNUSABLE_RECORD"
    AMBIGUOUS_MATCH = "AMBIGUOUS_MATCH"
    MATCH_TAKEN = "MATCH_TAKEN"
    KIND_MISMATCH = "KIND_MISMATCH"
    OTHER_CODE = "OTHER_CODE"
    VALUE_REPLACED = "VALUE_REPLACED"
    IN_DOUBT = "IN_DOUBT"
    REVIEW_REQUIRED = "REVIEW_REQUIRED"
    CUSTOMER_FAILED = "CUSTOMER_FAILED"
    TOTAL_MISMATCH = "TOTAL_MISMATCH"
    NO_LINES = "NO_LINES"
    WRITE_BACK_FAILED = "WRITE_BACK_FAILED"
    DUPLICATE_PHONE = "DUPLICATE_PHONE"
    BAD_PRICE = "BAD_PRICE"
    BUSINESS_ERROR = "BUSINESS_ERROR"
    BAD_REQUEST = "BAD_REQUEST"
    UNREACHABLE = "UNREACHABLE"
    TIMEOUT = "TIMEOUT"
    SERVER_ERROR = "SERVER_ERROR"
    RATE_LIMITED = "RATE_LIMITED"
    BROKEN_ANSWER = "BROKEN_ANSWER"
    ANSWER_LOST = "ANSWER_LOST"
    SESSION_LOST = "SESSION_LOST"
    BAD_CREDENTIALS = "BAD_CREDENTIALS"
    NOT_LICENSED = "NOT_LICENSED"
    LOCKED_OUT = "LOCKED_OUT"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    WRONG_ADDRESS = "WRONG_ADDRESS"
    DRY_RUN = "DRY_RUN"
    TAKEN_OVER = "TAKEN_OVER"
    INTERNAL = "INTERNAL"


class SyncError(Exception):
    """A remote call or a sync that did not succeed.

    `detail` may hold the remote system's own text; it goes into the sync log, never into the process log.
    """

    def __init__(self, reason: Reason, detail: str = "", *, system: System | None = None) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
        self.system = system


LONGEST_WISH_SECONDS = 3600.0
"""How long a server's `Retry-After` is followed at most."""


class TryLater(SyncError):
    """Nothing was written and repeating may help: connect error, timeout on a read, 429, 503.

    `system_wide`: by its nature the failure would have met any other record as well.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str = "",
        *,
        system: System | None = None,
        retry_after_seconds: float | None = None,
        system_wide: bool = False,
    ) -> None:
        super().__init__(reason, detail, system=system)
        self.retry_after_seconds = retry_after_seconds
        self.system_wide = system_wide


class Refused(SyncError):
    """The other side understood and said no. Repeating gives the same answer."""


class Conflict(SyncError):
    """The systems contradict each other in a way that only a person can settle. Nothing was written."""


class InDoubt(SyncError):
    """A write was sent and its answer was lost, so it may have happened."""


class NeedsOperator(SyncError):
    """No job can succeed until a person acts: bad password, locked account, licence, wrong address."""


class UsageError(Exception):
    """The person who started the program asked for something impossible: exit status 2, one line."""


class Unavailable(Exception):
    """The database or a remote system cannot be reached or refuses the login: exit status 3, one line."""


def where(error: BaseException) -> str:
    """File and line of a defect, for the process log; its text may quote a customer and is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
