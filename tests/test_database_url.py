"""Which addresses of a database server are right, and what is said of the others."""

import pytest

from hamgam.database_url import checked_database_url
from tests.test_settings import SECRET, mistakes


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:%40%2Fx@[::1]:5433/h?sslmode=verify-full",
        "postgresql://postgres:@/hamgam?host=/run/postgresql",
        "postgresql://db.example.com",
        "postgresql://u:p#x@db.example.com:5432/h?connect_timeout=5&options=-c%20geqo%3Doff",
    ],
)
def test_right_addresses(url):
    assert checked_database_url(url) == url
    assert checked_database_url(url.replace("postgresql:", "postgres:")) == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:{}@127.0.0.1:notaport/x",
        "postgresql://u:{}@127.0.0.1:70000/x",
        "postgresql://u:{}@127.0.0.1:0/x",
        "postgresql://u:{}@127.0.0.1/x?port=web",
        "postgresql://u:{}@one,two/x?port=1,2",
        "postgresql://u:{}@/x?foo=bar",
        "postgresql://u:{}@h/x?sslmode=bad",
        "postgresql://u:{}@h/x?sslmode=require&host=a&host=b",
        "postgresql://u:{}@h/x?connect_timeout=soon",
        "postgresql://u:a@{}@h/x",
        "postgresql://u:12/{}@h/x",
        "postgresql://u:{}%zz@h/x",
        "postgresql://u:a {}@h/x",
        "postgresql://u:{}\x00@h/x",
        "postgresql://u:{}@h:/x",
        "postgresql+psycopg://u:{}@h/x",
        "postgresql://u:{}@%2Frun/x",
    ],
)
def test_a_malformed_database_address_is_one_line_without_any_part_of_it(url, tmp_path):
    [line] = mistakes({"DATABASE_URL": url.format(SECRET)}, tmp_path)
    assert line == (
        "DATABASE_URL (in the environment): must be an address such as "
        "postgresql://user:password@db.example.com:5432/hamgam, with special characters %-encoded (%40 for @)"
    )
