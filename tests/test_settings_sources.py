"""Settings from the environment, from .env and from files of secrets."""

import pytest

from hamgam.settings import HIDDEN, describe, load_settings
from hamgam.settings_source import DEFAULT, DOTENV, ENVIRONMENT, Source
from tests.test_settings import MD5, SECRET, mistakes


def test_a_name_that_stands_twice_in_the_file_is_a_mistake(tmp_path):
    (tmp_path / ".env").write_text(
        f"CRM_PASSWORD={SECRET}\nPORT=4000\nCRM_PASSWORD=\nexport PORT=5000\nX=1\nX=2\n"
    )
    assert mistakes({}, tmp_path) == [
        ".env: CRM_PASSWORD stands in lines 1, 3; leave one of them",
        ".env: PORT stands in lines 2, 4; leave one of them",
    ]


def test_the_environment_wins_over_the_file(tmp_path):
    (tmp_path / ".env").write_text("PORT=4000\nHTTP_TIMEOUT_SECONDS=5\n")
    settings = load_settings({"PORT": "5000"}, tmp_path)
    assert (settings.port, settings.http_timeout_seconds) == (5000, 5)


def test_an_empty_value_is_not_given(tmp_path):
    (tmp_path / ".env").write_text("PORT=4000\nCRM_USERNAME=\nCRM_PASSWORD=''\n")
    settings = load_settings({"PORT": "", "MATCH_KEYS": " "}, tmp_path)
    assert settings.port == 4000
    assert settings.crm_username is None
    assert settings.crm_password is None


def test_a_file_from_notepad(tmp_path):
    (tmp_path / ".env").write_bytes("\ufeffCRM_USERNAME=علی\r\nPORT=4000\r\n".encode())
    settings = load_settings({}, tmp_path)
    assert (settings.crm_username, settings.port) == ("علی", 4000)


def test_the_file_is_taken_as_it_is_written(tmp_path):
    text = "# comment\nexport CRM_USERNAME=ali # note\nCRM_PASSWORD='a#b $HOME ${PORT} \"'\nOTHER_PROGRAM=1\n"
    (tmp_path / ".env").write_text(text)
    settings = load_settings({"HOME": "/root"}, tmp_path)
    assert settings.crm_username == "ali"
    assert settings.crm_password.get_secret_value() == 'a#b $HOME ${PORT} "'


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path):
    (tmp_path / ".env").write_bytes("PORT=1".encode("utf-16"))
    assert mistakes({}, tmp_path) == [".env: is no UTF-8 text; save it with the encoding UTF-8"]
    (tmp_path / ".env").unlink()
    (tmp_path / ".env").mkdir()
    assert mistakes({}, tmp_path)[0].startswith(".env: cannot be read (")


def test_a_line_that_cannot_be_understood_is_a_mistake(tmp_path):
    (tmp_path / ".env").write_text("PORT=4000\nCRM_PASSWORD='abc\n")
    assert mistakes({}, tmp_path)[0].startswith(".env line 2: cannot be understood")


@pytest.mark.parametrize("name", [doc.name for doc in describe() if doc.secret])
def test_a_secret_from_a_file(name, tmp_path):
    secret = {"DATABASE_URL": "postgresql://db.example.com/h", "FINANCE_PASSWORD": MD5}.get(name, "s3cret")
    (tmp_path / "secret").write_bytes(f"\ufeff{secret}\r\n".encode())
    for path in ("secret", str(tmp_path / "secret")):
        settings = load_settings({f"{name}_FILE": path}, tmp_path)
        assert getattr(settings, name.lower()).get_secret_value() == secret


def test_only_secrets_come_from_files(tmp_path):
    [line] = mistakes({"CRM_USERNAME_FILE": "x"}, tmp_path)
    assert line.startswith("CRM_USERNAME_FILE (in the environment): is no setting")


def test_mistakes_with_secret_files(tmp_path):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    (tmp_path / ".env").write_text("CRM_PASSWORD=a\n")
    found = mistakes(
        {
            "CRM_PASSWORD_FILE": "empty",
            "FINANCE_PASSWORD_FILE": "missing",
            "WEBHOOK_SECRET_FILE": "empty",
            "WEBHOOK_TOKEN_FILE": "bytes",
            "ENABLE_WEBHOOKS": "true",
            "WEBHOOK_BASE_URL": "https://hamgam.example.com",
        },
        tmp_path,
    )
    assert found == [
        "CRM_PASSWORD: is given twice, by itself and by CRM_PASSWORD_FILE; remove one of them",
        "FINANCE_PASSWORD_FILE (in the environment): its file cannot be read (No such file or directory); "
        "correct the path or the file",
        "WEBHOOK_SECRET_FILE (in the environment): its file is empty; write the secret into it",
        "WEBHOOK_TOKEN_FILE (in the environment): its file cannot be read (no UTF-8 text); "
        "correct the path or the file",
    ]


def test_each_value_knows_where_it_comes_from(tmp_path):
    lines = [
        "# ours",
        "CRM_USERNAME=hamgam",
        "",
        "POLL_INTERVAL_SECONDS=60",
        "PORT=4000",
        "CRM_PASSWORD_FILE=crm",
    ]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "crm").write_text("canary-secret")
    (tmp_path / "token").write_text("canary-token")
    settings = load_settings({"PORT": "5000", "WEBHOOK_TOKEN_FILE": "token"}, tmp_path)
    assert settings.source("CRM_USERNAME") == Source(DOTENV, 2)
    assert settings.source("POLL_INTERVAL_SECONDS") == Source(DOTENV, 4)
    assert settings.source("PORT") == Source(ENVIRONMENT)
    assert settings.source("CRM_PASSWORD") == Source(DOTENV, 6, "CRM_PASSWORD_FILE")
    assert settings.source("WEBHOOK_TOKEN") == Source(ENVIRONMENT, None, "WEBHOOK_TOKEN_FILE")
    assert settings.source("HOST") == Source(DEFAULT)
    assert settings.spelled("CRM_PASSWORD") == settings.spelled("WEBHOOK_TOKEN") == HIDDEN
    assert (settings.spelled("PORT"), settings.spelled("WEBHOOK_SECRET")) == ("5000", "")
    assert settings.spelled("MATCH_KEYS") == "customer_number,national_id"
