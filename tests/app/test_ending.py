"""What a command leaves behind when it does not end by itself."""

import pytest

from hamgam.app.ending import explained, nobody_reads


def test_rich_ends_a_program_that_nobody_reads() -> None:
    assert nobody_reads(SystemExit(1))


@pytest.mark.parametrize("status", [0, 3])
def test_who_ends_the_program_otherwise_says_how(status: int, capsys: pytest.CaptureFixture[str]) -> None:
    error = SystemExit(status)
    assert not nobody_reads(error)
    assert explained(error) == status
    assert capsys.readouterr() == ("", "")
