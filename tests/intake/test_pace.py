"""How often one source may do something."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamgam.intake.pace import Pace, source_of


@dataclass
class Seconds:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_a_steady_rate() -> None:
    clock = Seconds()
    pace = Pace(10, 50, clock)
    for _ in range(50):
        assert pace.wait_seconds("a") == 0
        pace.count("a")
    assert (pace.wait_seconds("a"), pace.wait_seconds("b")) == (1, 0)
    clock.now += 0.05
    assert pace.wait_seconds("a") == 1
    clock.now += 0.06
    assert pace.wait_seconds("a") == 0
    pace.count("a")
    assert pace.wait_seconds("a") == 1


def test_what_comes_at_once_does_not_make_the_wait_longer() -> None:
    pace = Pace(0.1, 2, Seconds())
    for _ in range(100):
        pace.count("a")
    assert pace.wait_seconds("a") == 10


def test_a_forgotten_source_starts_anew() -> None:
    pace = Pace(1, 1, Seconds())
    pace.count("a")
    assert pace.wait_seconds("a") == 1
    pace.forget("a")
    pace.forget("never seen")
    assert pace.wait_seconds("a") == 0


def test_only_so_many_sources_are_remembered_and_the_busy_ones_stay() -> None:
    pace = Pace(1, 1, Seconds(), most=3)
    for source in ("busy", "a", "b", "busy", "c", "d"):
        pace.count(source)
    assert len(pace) == 3
    assert [pace.wait_seconds(source) for source in ("busy", "a", "b", "c", "d")] == [1, 0, 0, 1, 1]


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 30)), max_size=40))
def test_no_more_than_the_burst_and_the_rate_pass(steps: list[tuple[float, int]]) -> None:
    clock = Seconds()
    pace, passed = Pace(3, 7, clock), 0
    for seconds, tries in steps:
        clock.now += seconds
        for _ in range(tries):
            if not pace.wait_seconds("a"):
                pace.count("a")
                passed += 1
    assert passed <= 7 + 3 * (clock.now - 1000) + 1e-6


@pytest.mark.parametrize(
    ("peer", "source"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2::3", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("no address " * 100, ("no address " * 100)[:64]),
    ],
    ids=range(7),
)
def test_what_counts_as_one_source(peer: str, source: str) -> None:
    assert source_of(peer) == source


def test_what_did_not_count_after_all_is_given_back() -> None:
    pace = Pace(1, 2, Seconds())
    for _ in range(2):
        pace.count("x")
    pace.give_back("x")
    assert pace.wait_seconds("x") == 0
    pace.count("x")
    assert pace.wait_seconds("x") == 1
    pace.give_back("somebody else")
    assert len(pace) == 1
