"""Every setting of an installation: its name, default, meaning and rule, and how it is read.

A setting comes from the environment or from the file `.env`, and the environment wins. Values that are empty
count as not given. What is wrong is found at once and told in one text, without the value of anything.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo

from hamgam.database_url import checked_database_url
from hamgam.errors import UsageError
from hamgam.persian import to_latin_digits
from hamgam.settings_source import DEFAULT, Given, Source, gather

HIDDEN = "•••"
"""Stands for a secret."""
EXPECTED = "expects"
"""Key of a field's extra schema: how a right value looks, for messages and documentation."""


def _latin(value: Any) -> Any:
    return to_latin_digits(value).strip() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _web_address(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    if parts.query or parts.fragment or "@" in parts.netloc or re.search(r"[\s?#]", value.strip()):
        raise ValueError
    return value.strip().rstrip("/")


def _host(value: str) -> str:
    if not re.fullmatch(r"[^\s/\[\]@]+", value.strip()):
        raise ValueError
    return value.strip()


def _md5(value: SecretStr) -> SecretStr:
    digest = value.get_secret_value().strip().upper()
    if not re.fullmatch(r"[0-9A-F]{32}", digest):
        raise ValueError
    return SecretStr(digest)


def _token(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[A-Za-z0-9._~-]+", value.get_secret_value()):
        raise ValueError
    return value


def _database(value: SecretStr) -> SecretStr:
    return SecretStr(checked_database_url(value.get_secret_value().strip()))


def _names(value: Any) -> Any:
    """A comma list to its parts; the Persian comma is one too."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip().lower() for part in re.split("[,،]", value) if part.strip())


def _without_repeats(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or len(set(value)) != len(value):
        raise ValueError
    return value


MatchKeyName = Literal["customer_number", "national_id"]

Whole = Annotated[int, BeforeValidator(_latin)]
Decimals = Annotated[float, BeforeValidator(_latin), Field(allow_inf_nan=False)]
Flag = Annotated[bool, BeforeValidator(_lower)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Host = Annotated[str, AfterValidator(_host)]
MatchKeyNames = Annotated[tuple[MatchKeyName, ...], BeforeValidator(_names), AfterValidator(_without_repeats)]


def _setting(default: Any, meaning: str, *, expects: str = "", **limits: Any) -> Any:
    return Field(default, description=meaning, json_schema_extra={EXPECTED: expects}, **limits)


def _between(low: int, high: int, default: int | None, meaning: str) -> Any:
    return _setting(default, meaning, expects=f"a whole number from {low} to {high}", ge=low, le=high)


def _rate(default: int, meaning: str) -> Any:
    return _setting(default, meaning, expects="a number from 0.1 to 1000", ge=0.1, le=1000)


_YES_NO = "true or false"
_ADDRESS = "an address such as https://crm.example.com, without user, question mark or #"
_MD5 = "the upper-case MD5 of the password, 32 hex digits; run `hamgam hash-password` to get it"


class Settings(BaseModel):
    """One checked installation. Attribute names are the variables' names in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    crm_api_base_url: WebAddress | None = _setting(
        None, "Address of the CRM (Payamgostar).", expects=_ADDRESS
    )
    crm_username: str | None = _setting(None, "User name in the CRM.")
    crm_password: SecretStr | None = _setting(None, "Password in the CRM.")
    finance_api_base_url: WebAddress | None = _setting(
        None, "Address of the finance system (Siagh).", expects=_ADDRESS
    )
    finance_username: str | None = _setting(None, "User name in the finance system.")
    finance_password: Annotated[SecretStr, AfterValidator(_md5)] | None = _setting(
        None,
        "Upper-case MD5 of the password in the finance system, from `hamgam hash-password`.",
        expects=_MD5,
    )
    database_url: Annotated[SecretStr, AfterValidator(_database)] | None = _setting(
        None,
        "PostgreSQL server, `postgresql://…`. Without it an embedded PostgreSQL runs from `DATA_DIR`.",
        expects="an address such as postgresql://user:password@db.example.com:5432/hamgam, with special "
        "characters %-encoded (%40 for @)",
    )
    data_dir: Path = _setting(
        Path("data"),
        "Directory of the embedded database and of exports, readable by its owner only. "
        "A relative path starts at the working directory.",
        expects="a path",
    )
    host: Host = _setting(
        "127.0.0.1",
        "Address that the web service listens on. Any other than loopback requires `DASHBOARD_PASSWORD`.",
        expects="a host name or IP address without http:// and port, such as 127.0.0.1",
    )
    port: Whole = _between(1, 65535, 3000, "Port of the web service.")
    enable_webhooks: Flag = _setting(
        False,
        "Accept webhooks and register them at start. Requires `WEBHOOK_BASE_URL`, and `WEBHOOK_SECRET` or "
        "`WEBHOOK_TOKEN`.",
        expects=_YES_NO,
    )
    webhook_base_url: WebAddress | None = _setting(
        None, "Public address of this service, as the CRM reaches it.", expects=_ADDRESS
    )
    webhook_secret: SecretStr | None = _setting(None, "HMAC-SHA256 key for signed deliveries.")
    webhook_token: Annotated[SecretStr, AfterValidator(_token)] | None = _setting(
        None,
        "Token that unsigned deliveries carry, as `?token=` or as the last part of the path.",
        expects="Latin letters, digits and - . _ ~ only, because it is part of an address",
    )
    poll_interval_seconds: Whole = _between(
        0, 86400, 300, "Seconds between two looks at what changed in the CRM; 0 turns polling off."
    )
    poll_overlap_seconds: Whole = _between(
        0, 86400, 120, "How far each look reaches back before the last one, in seconds."
    )
    max_retry_attempts: Whole = _between(
        0, 20, 3, "Retries after the first try of a sync, with growing pauses between them."
    )
    sync_gate_seconds: Whole = _between(
        0, 3600, 10, "After a sync, the same record waits this many seconds for the next."
    )
    sync_concurrency: Whole = _between(1, 64, 4, "Syncs that one worker runs side by side.")
    crm_max_concurrency: Whole = _between(
        1, 64, 8, "Calls to the CRM at the same time, all processes together."
    )
    crm_rate_per_second: Decimals = _rate(20, "Calls to the CRM in a second, all processes together.")
    finance_max_concurrency: Whole = _between(
        1, 64, 4, "Calls to the finance system at the same time, all processes together."
    )
    finance_rate_per_second: Decimals = _rate(
        10, "Calls to the finance system in a second, all processes together."
    )
    http_timeout_seconds: Whole = _between(
        1, 600, 30, "Longest time of one call to a remote system, in seconds."
    )
    customer_number_prefix: Annotated[str, BeforeValidator(_latin)] = _setting(
        "", "CRM customer number = this prefix + (finance code + `CUSTOMER_NUMBER_OFFSET`)."
    )
    customer_number_offset: Whole = _between(
        -(10**9), 10**9, 0, "What is added to the finance code in a CRM customer number."
    )
    match_keys: MatchKeyNames = _setting(
        ("customer_number", "national_id"),
        "What may link a CRM customer to a contact that exists in finance, in this order.",
        expects="customer_number, national_id or both with a comma, each once",
    )
    delete_policy: Annotated[Literal["ignore", "deactivate"], BeforeValidator(_lower)] = _setting(
        "ignore",
        "What a delete in the CRM does in finance: nothing (`ignore`), or the contact becomes inactive "
        "(`deactivate`). Nothing is ever deleted there.",
        expects="ignore or deactivate",
    )
    invoice_update_policy: Annotated[Literal["edit", "review"], BeforeValidator(_lower)] = _setting(
        "edit",
        "What is done when an invoice changes after its pre-invoice exists: change it too (`edit`), or ask a "
        "person (`review`).",
        expects="edit or review",
    )
    max_change_percent: Whole = _between(
        1,
        100,
        30,
        "A run that would write more than this share of the mapped customers, and more than 100, stops and "
        "asks.",
    )
    write_back: Annotated[Literal["off", "ref_id"], BeforeValidator(_lower)] = _setting(
        "off",
        "Write the finance code into the field `refId` of the CRM's customer (`ref_id`) or not (`off`).",
        expects="off or ref_id",
    )
    dashboard_password: SecretStr | None = _setting(
        None,
        "Password of the dashboard while there are no users, and of `/metrics` and `/ready`; required when "
        "`HOST` is not loopback.",
    )
    log_retention_days: Whole = _between(
        1, 36500, 365, "Rows of the sync log that are older lose their data columns, never their outcome."
    )
    log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = _setting(
        "console",
        "Form of the process log: for eyes (`console`) or for programs (`json`).",
        expects="console or json",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = _setting(
        "info", "Least important event that the process log shows.", expects="debug, info, warning or error"
    )
    preinvoice_sale_model: Whole = _between(
        0, 10**9, 1, "Sale model of a pre-invoice when the CRM's document type has no number."
    )
    preinvoice_payment_kind: Whole = _between(1, 2, 1, "Payment kind of a pre-invoice: 1 cash, 2 cheque.")
    preinvoice_sales_center: Whole = _between(0, 10**9, 1, "Sales centre of a pre-invoice.")
    preinvoice_sale_kind: Whole = _between(0, 10**9, 1, "Sale kind of a pre-invoice.")
    preinvoice_intermediary: Whole = _between(0, 10**9, 0, "Intermediary of a pre-invoice; 0 is none.")
    preinvoice_contact: Whole | None = _between(
        0,
        10**9,
        None,
        "Finance contact who issues a pre-invoice; without it the contact of the finance user.",
    )

    _sources: dict[str, Source] = PrivateAttr(default_factory=dict)

    def source(self, name: str) -> Source:
        """Where the value of the setting `name` comes from."""
        return self._sources.get(name, Source(DEFAULT))

    def spelled(self, name: str) -> str:
        """The value as one would type it, "" for none. A secret is never spelled out."""
        value = getattr(self, name.lower())
        return HIDDEN if isinstance(value, SecretStr) else _spelled(value)

    def require_remote(self) -> None:
        """Raises UsageError that lists what is missing to reach both remote systems."""
        if missing := [name for name in _REMOTE if getattr(self, name.lower()) is None]:
            raise UsageError("\n".join(f"{name}: is missing; {_WHERE}" for name in missing))


_REMOTE = tuple(
    f"{system}_{part}" for system in ("CRM", "FINANCE") for part in ("API_BASE_URL", "USERNAME", "PASSWORD")
)
_WHERE = "set it in the environment or in .env"


@dataclass(frozen=True, slots=True)
class SettingDoc:
    """One setting for the documentation. `default` is spelled as one would type it; "" is none."""

    name: str
    default: str
    meaning: str
    secret: bool
    expects: str
    """How a right value looks; "text" where anything is right."""


def describe() -> list[SettingDoc]:
    """All settings, in the order in which people read about them."""
    return [
        SettingDoc(
            name=name.upper(),
            default=_spelled(info.default),
            meaning=info.description or "",
            secret=_is_secret(info.annotation),
            expects=_expects(info),
        )
        for name, info in Settings.model_fields.items()
    ]


def _is_secret(annotation: object) -> bool:
    """Also where it may be missing, or is checked further."""
    return annotation is SecretStr or any(map(_is_secret, get_args(annotation)))


def _spelled(default: object) -> str:
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case tuple():
            return ",".join(default)
        case Path():
            return default.as_posix() if default.is_absolute() else f"./{default.as_posix()}"
    return str(default)


def _expects(info: FieldInfo) -> str:
    extra = info.json_schema_extra
    return str(extra[EXPECTED]) if isinstance(extra, dict) and extra.get(EXPECTED) else "text"


_SECRETS = frozenset(doc.name for doc in describe() if doc.secret)
_NAMES = tuple(name.upper() for name in Settings.model_fields)


def load_settings(environ: Mapping[str, str], directory: Path) -> Settings:
    """Read and check the settings of an installation in `directory`, where its `.env` may lie.

    Secrets may also come from a file that `NAME_FILE` names. Raises UsageError with one line for each
    mistake; what only some commands need is asked for by `Settings.require_remote`.
    """
    given = gather(environ, directory, _NAMES, _SECRETS)
    settings, wrong = _checked(given)
    mistakes = [*given.mistakes, *wrong, *_contradictions(settings, given)]
    if mistakes:
        raise UsageError("\n".join(mistakes))
    loaded = settings.model_copy(update={"data_dir": directory / settings.data_dir.expanduser()})
    loaded._sources = given.sources
    return loaded


def _checked(given: Given) -> tuple[Settings, list[str]]:
    """The settings with every wrong one at its default, and what is wrong."""
    values = {name.lower(): value for name, value in given.values.items()}
    try:
        return Settings.model_validate(values), []
    except ValidationError as error:
        wrong = dict.fromkeys(
            str(item["loc"][0]) for item in error.errors(include_input=False, include_url=False)
        )
    kept = {name: value for name, value in values.items() if name not in wrong}
    return Settings.model_validate(kept), [_expectation(name, given) for name in wrong]


def _expectation(name: str, given: Given) -> str:
    where = given.origins[name.upper()]
    return f"{name.upper()} (in {where}): must be {_expects(Settings.model_fields[name])}"


def _contradictions(settings: Settings, given: Given) -> list[str]:
    """Settings that are right alone and wrong together. A wrong value counts as given: it is told already."""
    found = []
    if not _is_loopback(settings.host) and not given.has("DASHBOARD_PASSWORD"):
        found.append(
            "DASHBOARD_PASSWORD: is missing, and HOST lets other machines in; set a password, or leave "
            "HOST at 127.0.0.1"
        )
    if settings.enable_webhooks and not given.has("WEBHOOK_BASE_URL"):
        found.append(
            "WEBHOOK_BASE_URL: is missing, and ENABLE_WEBHOOKS needs it; set this service's public address"
        )
    if settings.enable_webhooks and not (given.has("WEBHOOK_SECRET") or given.has("WEBHOOK_TOKEN")):
        found.append(
            "WEBHOOK_SECRET: is missing, and so is WEBHOOK_TOKEN; ENABLE_WEBHOOKS needs one of them to tell "
            "deliveries of the CRM from others"
        )
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
