"""What a site probe concludes from its steps."""

from datetime import UTC, datetime, timedelta

import pytest

from hamgam.errors import NeedsOperator, Reason, SyncError, TryLater
from hamgam.systems.findings import LOGIN, Findings

NOW = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ours", "told_to", "seconds"),
    [
        (0, 60, 0),
        (27, 60, 0),
        (59, 60, 0),
        (61, 60, -1),
        (-1, 60, 1),
        (-3600, 60, 3600),
        (3600, 60, -3540),
        (0, 0, 0),
        (27, 0, -27),
        (-27, 0, 27),
    ],
)
def test_a_clock_that_tells_minutes_may_be_right(ours: int, told_to: int, seconds: int) -> None:
    findings = Findings()
    findings.clock_difference(NOW, NOW + timedelta(seconds=ours), told_to=told_to)
    [finding] = findings.report().findings
    assert finding.value == str(seconds)


@pytest.mark.parametrize(
    ("failure", "reachable", "logged_in"),
    [
        (None, True, True),
        (TryLater(Reason.UNREACHABLE), False, False),
        (NeedsOperator(Reason.WRONG_ADDRESS), False, False),
        (NeedsOperator(Reason.NOT_SUPPORTED), False, False),
        (TryLater(Reason.BROKEN_ANSWER), False, False),
        (NeedsOperator(Reason.BAD_CREDENTIALS), True, False),
        (TryLater(Reason.SERVER_ERROR), True, True),
    ],
)
@pytest.mark.parametrize("stored_session", [True, False])
async def test_what_does_not_answer_as_the_system_should_is_not_reached(
    failure: SyncError | None, reachable: bool, logged_in: bool, stored_session: bool
) -> None:
    async def fine() -> None:
        return None

    async def fails() -> None:
        if failure is not None:
            raise failure

    findings = Findings()
    await findings.step(LOGIN, fine)
    await findings.step("main read", fails)
    if not stored_session:
        findings = Findings()
        if await findings.step(LOGIN, fails):
            await findings.step("main read", fine)
        logged_in = failure is None
    report = findings.report()
    assert (report.reachable, report.login) == (reachable, logged_in)
