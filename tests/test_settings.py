"""Settings: what is read from where, which values are right, and what a person is told of mistakes."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from hamgam.errors import UsageError
from hamgam.settings import Settings, describe, load_settings
from hamgam.sync.decide import DeletePolicy, InvoiceUpdatePolicy
from hamgam.sync.match import MatchKey

SECRET = "Zx9-do-not-print-Qw7"
MD5 = "5F4DCC3B5AA765D61D8327DEB882CF99"

REMOTE = {
    "CRM_API_BASE_URL": "https://crm.example.com",
    "CRM_USERNAME": "hamgam",
    "CRM_PASSWORD": "pass",
    "FINANCE_API_BASE_URL": "http://finance.example.com:8080",
    "FINANCE_USERNAME": "مدیر سیستم",
    "FINANCE_PASSWORD": MD5,
}

ORDINARY = {
    "PATH": "/usr/bin",
    "PORTS": "1,2",
    "HOSTNAME": "box",
    "HTTP_PROXY": "http://proxy.example.com",
    "LOGLEVEL": "x",
    "LOG_FILE": "x",
    "DATABASE_URI": "x",
    "XDG_DATA_DIRS": "x",
    "DB_PASSWORD": "x",
    "CRM_PORT": "tcp://crm.example.com:80",
    "CRM_SERVICE_HOST": "crm.example.com",
    "FINANCE_PORT_80_TCP_ADDR": "finance.example.com",
    "PYTHONUTF8": "1",
    "": "",
}


def mistakes(environ: dict[str, str], directory: Path) -> list[str]:
    with pytest.raises(UsageError) as caught:
        load_settings(environ, directory)
    return str(caught.value).splitlines()


def test_nothing_given_is_the_documented_defaults(tmp_path):
    settings = load_settings({}, tmp_path)
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert (settings.poll_interval_seconds, settings.poll_overlap_seconds) == (300, 120)
    assert (settings.max_retry_attempts, settings.sync_gate_seconds, settings.sync_concurrency) == (3, 10, 4)
    assert (settings.crm_max_concurrency, settings.crm_rate_per_second) == (8, 20)
    assert (settings.finance_max_concurrency, settings.finance_rate_per_second) == (4, 10)
    assert settings.match_keys == ("customer_number", "national_id")
    assert (settings.delete_policy, settings.invoice_update_policy, settings.write_back) == (
        "ignore",
        "edit",
        "off",
    )
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url is None
    assert settings.enable_webhooks is False
    assert settings.preinvoice_contact is None


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("PORT", "۸۰۸۰", 8080),
        ("PORT", " 1 ", 1),
        ("POLL_INTERVAL_SECONDS", "0", 0),
        ("CRM_RATE_PER_SECOND", "0.5", 0.5),
        ("ENABLE_WEBHOOKS", "No", False),
        ("CUSTOMER_NUMBER_PREFIX", "۱۰۰-", "100-"),
        ("CUSTOMER_NUMBER_OFFSET", "-1000", -1000),
        ("MATCH_KEYS", "national_id", ("national_id",)),
        ("MATCH_KEYS", "National_Id ، customer_number", ("national_id", "customer_number")),
        ("DELETE_POLICY", "Deactivate", "deactivate"),
        ("CRM_API_BASE_URL", "https://crm.example.com/base//", "https://crm.example.com/base"),
        ("HOST", "localhost", "localhost"),
        ("HOST", "::1", "::1"),
        ("PREINVOICE_CONTACT", "12", 12),
    ],
)
def test_right_values(name, text, value, tmp_path):
    assert getattr(load_settings({name: text}, tmp_path), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("FINANCE_PASSWORD", MD5.lower(), MD5),
        ("DATABASE_URL", "postgres://u:p@db.example.com/h", "postgresql://u:p@db.example.com/h"),
        ("CRM_PASSWORD", " spaces count $HOME ${X} ", " spaces count $HOME ${X} "),
    ],
)
def test_right_secrets(name, text, value, tmp_path):
    settings = load_settings({name: text}, tmp_path)
    assert getattr(settings, name.lower()).get_secret_value() == value
    assert value not in repr(settings)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80.5"),
        ("PORT", "web"),
        ("SYNC_CONCURRENCY", "65"),
        ("POLL_INTERVAL_SECONDS", "-1"),
        ("HTTP_TIMEOUT_SECONDS", "0"),
        ("MAX_CHANGE_PERCENT", "101"),
        ("CRM_RATE_PER_SECOND", "0"),
        ("FINANCE_RATE_PER_SECOND", "nan"),
        ("ENABLE_WEBHOOKS", "maybe"),
        ("MATCH_KEYS", "mobile"),
        ("MATCH_KEYS", "national_id,national_id"),
        ("MATCH_KEYS", ","),
        ("DELETE_POLICY", "delete"),
        ("INVOICE_UPDATE_POLICY", "no"),
        ("WRITE_BACK", "on"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("PREINVOICE_PAYMENT_KIND", "3"),
        ("PREINVOICE_CONTACT", "me"),
        ("CRM_API_BASE_URL", "crm.example.com"),
        ("CRM_API_BASE_URL", "ftp://crm.example.com"),
        ("CRM_API_BASE_URL", "https://"),
        ("CRM_API_BASE_URL", "https://crm.example.com?x=1"),
        ("CRM_API_BASE_URL", "https://crm.example.com/#"),
        ("CRM_API_BASE_URL", "https://crm.example.com:port"),
        ("FINANCE_API_BASE_URL", "https://user:pass@finance.example.com"),
        ("FINANCE_PASSWORD", "a plain password"),
        ("WEBHOOK_TOKEN", "a/b"),
        ("DATABASE_URL", "mysql://db.example.com/h"),
        ("HOST", "http://127.0.0.1"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(name, text, tmp_path):
    [line] = mistakes({name: text}, tmp_path)
    assert line.startswith(f"{name} (in the environment): must be ")
    assert not line.endswith("be text")


def test_every_mistake_is_told_at_once(tmp_path):
    (tmp_path / ".env").write_text("PORT=0\nPOLL_INTERVAL=5\n")
    found = mistakes({"LOG_LEVEL": "loud", "CRM_PASWORD": SECRET, "HOST": "0.0.0.0"}, tmp_path)
    assert [line.split(" ")[0].rstrip(":") for line in found] == [
        "POLL_INTERVAL",
        "CRM_PASWORD",
        "PORT",
        "LOG_LEVEL",
        "DASHBOARD_PASSWORD",
    ]


def test_the_finance_password_says_how_to_make_one(tmp_path):
    [line] = mistakes({"FINANCE_PASSWORD": SECRET}, tmp_path)
    assert "hamgam hash-password" in line


@pytest.mark.parametrize("name", [doc.name for doc in describe() if doc.secret])
@pytest.mark.parametrize("as_name", ["{}", "{}X", "{}_FILE", "{}_FILES"])
def test_a_secret_is_never_printed(name, as_name, tmp_path):
    secret = f"{SECRET} \N{SNOWMAN}/"
    for environ in ({as_name.format(name): secret, "PORT": "x"}, {name: secret, f"{name}_FILE": secret}):
        assert SECRET not in "\n".join(mistakes(environ, tmp_path))
    (tmp_path / ".env").write_text(f"{as_name.format(name)}='{secret}\n", encoding="utf-8")
    assert SECRET not in "\n".join(mistakes({}, tmp_path))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CRM_PASWORD", "CRM_PASSWORD"),
        ("crm_password", "CRM_PASSWORD"),
        ("CRM_PASSWORD_FIEL", "CRM_PASSWORD_FILE"),
        ("POLL_INTERVAL", "POLL_INTERVAL_SECONDS"),
        ("FINANCE_URL", "FINANCE_API_BASE_URL"),
        ("ENABLE_WEBHOOK", "ENABLE_WEBHOOKS"),
        ("MATCH_KEY", "MATCH_KEYS"),
        ("HTTP_TIMEOUT", "HTTP_TIMEOUT_SECONDS"),
        ("LOG_RETENTION", "LOG_RETENTION_DAYS"),
        ("DASHBOARD_PASWORD", "DASHBOARD_PASSWORD"),
        ("PREINVOICE_SALES_CENTRE", "PREINVOICE_SALES_CENTER"),
    ],
)
def test_a_misspelt_name_is_told_wherever_it_stands(name, meant, tmp_path):
    line = "{} (in {}): is no setting; it probably means {}, so rename it"
    assert mistakes({name: SECRET}, tmp_path) == [line.format(name, "the environment", meant)]
    (tmp_path / ".env").write_text(f"{name}={SECRET}\n")
    assert mistakes({}, tmp_path) == [line.format(name, ".env", meant)]


@pytest.mark.parametrize(("name", "meant"), [("LOGLEVEL", "LOG_LEVEL"), ("DATABSE_URL", "DATABASE_URL")])
def test_in_our_own_file_common_names_count_too(name, meant, tmp_path):
    assert load_settings({name: "x"}, tmp_path).port == 3000
    (tmp_path / ".env").write_text(f"{name}=x\n")
    assert f"it probably means {meant}" in mistakes({}, tmp_path)[0]


def test_ordinary_names_are_no_business_of_ours(tmp_path):
    (tmp_path / ".env").write_text(
        "POSTGRES_PASSWORD=x\nDB_PASSWORD=x\nPORTS=1\nCOMPOSE_PROJECT_NAME=hamgam\n"
    )
    assert load_settings(ORDINARY, tmp_path).port == 3000


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "hamgam.example.com"])
def test_a_host_that_others_reach_needs_a_password(host, tmp_path):
    [line] = mistakes({"HOST": host}, tmp_path)
    assert line.startswith("DASHBOARD_PASSWORD: is missing")
    assert load_settings({"HOST": host, "DASHBOARD_PASSWORD": "x"}, tmp_path).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"])
def test_loopback_needs_none(host, tmp_path):
    assert load_settings({"HOST": host}, tmp_path).dashboard_password is None


def test_webhooks_need_an_address_and_a_way_to_know_the_sender(tmp_path):
    on = {"ENABLE_WEBHOOKS": "true"}
    address = {"WEBHOOK_BASE_URL": "https://hamgam.example.com"}
    assert [line.split(":")[0] for line in mistakes(on, tmp_path)] == ["WEBHOOK_BASE_URL", "WEBHOOK_SECRET"]
    assert [line.split(":")[0] for line in mistakes(on | address, tmp_path)] == ["WEBHOOK_SECRET"]
    for name in ("WEBHOOK_SECRET", "WEBHOOK_TOKEN"):
        assert load_settings(on | address | {name: "x"}, tmp_path).enable_webhooks


def test_a_wrong_value_is_not_called_missing_too(tmp_path):
    environ = {"ENABLE_WEBHOOKS": "true", "WEBHOOK_BASE_URL": "nowhere", "WEBHOOK_TOKEN": "a/b"}
    assert [line.split(" ")[0] for line in mistakes(environ, tmp_path)] == [
        "WEBHOOK_BASE_URL",
        "WEBHOOK_TOKEN",
    ]


def test_the_remote_systems_are_asked_for_only_when_needed(tmp_path):
    with pytest.raises(UsageError) as caught:
        load_settings({"CRM_USERNAME": "x"}, tmp_path).require_remote()
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [name for name in REMOTE if name != "CRM_USERNAME"]
    load_settings(REMOTE, tmp_path).require_remote()


def test_a_relative_data_directory_lies_in_the_installation(tmp_path):
    assert load_settings({"DATA_DIR": "store"}, tmp_path).data_dir == tmp_path / "store"
    assert load_settings({"DATA_DIR": str(tmp_path / "x")}, Path("/other")).data_dir == tmp_path / "x"


def test_choices_are_the_ones_that_the_engine_knows(tmp_path):
    for policy in DeletePolicy:
        assert load_settings({"DELETE_POLICY": policy}, tmp_path).delete_policy == policy
    for update in InvoiceUpdatePolicy:
        assert load_settings({"INVOICE_UPDATE_POLICY": update}, tmp_path).invoice_update_policy == update
    assert load_settings({"MATCH_KEYS": ",".join(MatchKey)}, tmp_path).match_keys == tuple(MatchKey)


def test_settings_describe_themselves(tmp_path):
    docs = describe()
    assert [doc.name for doc in docs] == [name.upper() for name in Settings.model_fields]
    assert all(doc.meaning.endswith(".") for doc in docs)
    assert {doc.name for doc in docs if doc.secret} == {
        "CRM_PASSWORD",
        "FINANCE_PASSWORD",
        "DATABASE_URL",
        "WEBHOOK_SECRET",
        "WEBHOOK_TOKEN",
        "DASHBOARD_PASSWORD",
    }
    typed = load_settings({doc.name: doc.default for doc in docs}, tmp_path)
    assert typed.model_dump() == load_settings({}, tmp_path).model_dump()


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([doc.name for doc in describe()]), st.text(max_size=12)))
def test_any_values_give_settings_or_lines(tmp_path, environ):
    try:
        settings = load_settings(environ, tmp_path)
    except UsageError as error:
        assert all(line.startswith(tuple(doc.name for doc in describe())) for line in str(error).split("\n"))
    else:
        assert 1 <= settings.port <= 65535
