"""Customer numbers: how a CRM number and a finance code stand for each other at this site."""

import re
from dataclasses import dataclass

from hamgam.model import FinanceId
from hamgam.persian import text_key

_DIGITS = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class NumberRule:
    """CRM number = prefix + (finance code + offset)."""

    prefix: str = ""
    offset: int = 0

    def crm_number(self, code: FinanceId) -> str:
        return f"{self.prefix}{int(code) + self.offset}"

    def finance_code(self, crm_number: str) -> FinanceId | None:
        """The code that this number stands for; None where it does not follow the rule."""
        number, prefix = text_key(crm_number), text_key(self.prefix)
        if not number.startswith(prefix):
            return None
        digits = number[len(prefix) :].lstrip()
        if not _DIGITS.fullmatch(digits):
            return None
        code = int(digits) - self.offset
        return FinanceId(str(code)) if code > 0 else None
