"""What a sync remembers of the poll that held its change back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hamgam.trail.releases import Release, release_in

NOW = datetime(2026, 3, 20, 21, 0, tzinfo=UTC)


@pytest.mark.parametrize("release", [Release(400, NOW, "مریم", NOW), Release(400, None, "", None)])
def test_it_comes_back_as_it_was_stored(release: Release) -> None:
    assert release_in({"modifiedAt": "x"} | release.as_payload()) == release


@pytest.mark.parametrize(
    "payload",
    [None, [], {}, {"released": 7}, {"released": {}}, {"released": {"changes": "4", "by": "x"}}],
)
def test_what_cannot_be_read_is_left_out(payload: Any) -> None:
    assert release_in(payload) is None


@pytest.mark.parametrize("moment", [7, "yesterday", "2026-03-20T21:00:00"])
def test_a_time_that_cannot_be_read_is_left_out(moment: Any) -> None:
    told = release_in({"released": {"changes": 4, "by": "x", "heldAt": moment, "at": NOW.isoformat()}})
    assert told == Release(4, None, "x", NOW)
