"""The finance system's contacts: rows as GetAll returns them, and the look-ups that a save needs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from hamgam.sandbox.wire import Object, words

COLUMNS: Mapping[str, str] = {
    "fullname": "Name",
    "mobileno": "MobileNo",
    "telno": "TelNo",
    "email": "Email",
    "websiteaddress": "WebSiteAddress",
    "address": "Address",
    "codeshahr": "CityCode",
    "codeostan": "StateCode",
    "countrycode": "CountryCode",
    "pocode": "PostalCode",
    "passno": "NationalCode",
    "tmpid": "tmpid",
    "tozihat": "Description",
    "gender": "Gender",
    "isactive": "IsActive",
    "taraftype": "TowardType",
}
"""Each column of the contact form and the key of its value in a row."""

_KEYS = words(
    "Code RecordId Name NickName NationalCode MobileNo MobileNo2 TelNo TelNo2 Email Email2 Address "
    "PostalCode CityCode StateCode CountryCode Gender Description WebSiteAddress IsActive IsAdminUser "
    "TowardType RegDate AccountPartyCode FaxNo BirthDate EconomicCode JobTitle tmpid"
)
_BLANK: Object = dict.fromkeys(_KEYS) | {"IsActive": True, "IsAdminUser": False, "TowardType": False}

_INDEXED = ("TelNo", "MobileNo", "NationalCode", "tmpid")


class ContactBook:
    """Contacts by code. Change them by `add` and `change`, which keep the look-ups right."""

    def __init__(self) -> None:
        self.rows: dict[int, Object] = {}
        self._index: dict[tuple[str, str], set[int]] = {}
        self._last_code = 0

    def add(self, record_id: UUID, registered: str, values: Mapping[str, Any]) -> int:
        """Insert a row and answer its code, one above the highest ever used unless it is given."""
        code = int(values.get("Code") or self._last_code + 1)
        if code in self.rows:
            raise ValueError(f"contact {code} exists")
        self._last_code = max(self._last_code, code)
        fixed = {"Code": code, "RecordId": str(record_id), "RegDate": registered}
        row = _BLANK | fixed | {name: value for name, value in values.items() if name != "Code"}
        row["NickName"] = row["NickName"] if row["NickName"] is not None else row["Name"]
        self.rows[code] = row
        self._note(row, row)
        return code

    def change(self, code: int, values: Mapping[str, Any]) -> None:
        """Raises KeyError. A new row takes the place of the old one."""
        row = self.rows[code] | dict(values)
        self.rows[code] = row
        self._note(row, values)

    def holding(self, column: str, value: Any) -> set[int]:
        """The codes of the rows whose column has this value."""
        if column == "Code":
            return {int(value)} & self.rows.keys() if str(value).isdecimal() else set()
        if column in _INDEXED and isinstance(value, str):
            known = self._index.get((column, value), set())
            return {code for code in known if code in self.rows and self.rows[code][column] == value}
        return {code for code, row in self.rows.items() if row.get(column) == value}

    def knows(self, column: str) -> bool:
        return column in _BLANK

    def _note(self, row: Object, changed: Mapping[str, Any]) -> None:
        for column in _INDEXED:
            if changed.get(column):
                self._index.setdefault((column, row[column]), set()).add(row["Code"])
