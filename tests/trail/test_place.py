"""A place in a list, as an address carries it."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hamgam.trail.place import Place, place_of


@given(st.datetimes(timezones=st.just(UTC)), st.uuids(), st.booleans(), st.integers(0, 7))
def test_a_place_is_read_as_it_was_written(at: datetime, id_: UUID, newer: bool, rank: int) -> None:
    assert place_of(str(Place(at, id_, newer, rank))) == Place(at, id_, newer, rank)


_GENUINE = str(Place(datetime(2026, 3, 20, tzinfo=UTC), UUID(int=5)))


@given(
    st.text(max_size=40)
    | st.text("ABCxyz019-_", min_size=34, max_size=34)
    | st.tuples(st.integers(0, 33), st.characters()).map(
        lambda change: _GENUINE[: change[0]] + change[1] + _GENUINE[change[0] + 1 :]
    )
)
def test_a_forged_place_is_refused_or_is_one(written: str) -> None:
    try:
        place = place_of(written)
    except ValueError:
        return
    assert str(place) == written
