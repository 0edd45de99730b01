"""Made-up Persian people, companies and goods, the same for the same seed.

The spelling varies as it does in real books: Arabic ye and kaf, half-spaces, spaces too many. Numbers look
valid (check digits are right) and belong to nobody in particular.
"""

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from hamgam.sandbox.wire import words

_MEN = words(
    "علی محمد حسین رضا مهدی امیرحسین سعید بهنام کامران یوسف مجتبی کیوان آرش سیاوش احسان هادی مرتضی ایمان "
    "فرهاد جواد علی‌رضا محمد‌علی"
)
_WOMEN = words(
    "زهرا فاطمه مریم سارا نرگس لیلا شیرین پریسا مینا الهام نسرین ژاله کیمیا یگانه مهسا سمیه شهره فرشته "
    "گلناز آیدا"
)
_FAMILIES = words(
    "احمدی حسینی کریمی رضایی موسوی جعفری صادقی اکبری کاظمی نوری یزدی شیرازی تبریزی کرمانی میرزایی "
    "رستمی قاسمی مرادی یوسفی ملکی کیانی پورکریمی حاجی‌زاده نیک‌نام خوش‌رفتار بهرامی طاهری زارعی فرهادی شریفی"
)
_TRADES = (
    "پخش مواد غذایی",
    "صنایع بسته‌بندی",
    "بازرگانی",
    "تولیدی پوشاک",
    "مهندسی",
    "کشت و صنعت",
    "نرم‌افزار",
    "حمل‌ونقل",
    "تجهیزات پزشکی",
    "فولاد",
)
_BRANDS = words("آریا پارس کیمیا البرز دماوند نگین مهرگان زاگرس یکتا کاسپین آرمان سپهر پویا کویر هیرکان")
_PLACES = (
    ("تهران", "تهران"),
    ("البرز", "کرج"),
    ("اصفهان", "اصفهان"),
    ("خراسان رضوی", "مشهد"),
    ("فارس", "شیراز"),
    ("آذربایجان شرقی", "تبریز"),
    ("یزد", "یزد"),
    ("کرمان", "کرمان"),
    ("گیلان", "رشت"),
    ("خوزستان", "اهواز"),
)
_AREA_CODES = {
    "تهران": "021",
    "کرج": "026",
    "اصفهان": "031",
    "مشهد": "051",
    "شیراز": "071",
    "تبریز": "041",
    "یزد": "035",
    "کرمان": "034",
    "رشت": "013",
    "اهواز": "061",
}
_STREETS = words("ولیعصر آزادی شریعتی امام‌خمینی بهشتی مطهری کشاورز فردوسی سعدی حافظ طالقانی")
_OPERATORS = words("0910 0911 0912 0913 0914 0915 0916 0917 0918 0919 0920 0921 0935 0936 0937 0938")
_ORGANIZATION_WEIGHTS = (29, 27, 23, 19, 17, 29, 27, 23, 19, 17)
_ARABIC = str.maketrans("یک", "يك")


@dataclass(frozen=True, slots=True)
class Product:
    code: str
    name: str
    unit: str
    price: int
    """Of one unit, before discount and VAT, in rial."""
    divisible: bool = False
    """Whether it is sold in fractions of its unit."""


PRODUCTS = (
    Product("1001", "کارتن پنج لایه", "عدد", 185_000),
    Product("1002", "چسب نواری پهن", "حلقه", 420_000),
    Product("1003", "کاغذ A4 کپی‌مکس", "بسته", 2_450_000),
    Product("1004", "لیبل حرارتی", "رول", 960_000),
    Product("2001", "برنج هاشمی", "کیلوگرم", 1_650_000, divisible=True),
    Product("2002", "زعفران سرگل", "گرم", 1_120_000, divisible=True),
    Product("2003", "روغن زیتون", "لیتر", 5_300_000, divisible=True),
    Product("3001", "پارچه کتان", "متر", 1_980_000, divisible=True),
    Product("3002", "کابل برق ۲×۲٫۵", "متر", 545_000, divisible=True),
    Product("3003", "میلگرد ۱۴", "کیلوگرم", 312_500, divisible=True),
    Product("4001", "مانیتور ۲۴ اینچ", "دستگاه", 89_900_000),
    Product("4002", "صندلی اداری", "عدد", 64_750_000),
    Product("5001", "ساعت مشاوره", "ساعت", 12_500_000, divisible=True),
)


@dataclass(frozen=True, slots=True)
class Someone:
    """A person or an organization; an organization has no first and last name of its own."""

    is_organization: bool
    first_name: str
    last_name: str
    name: str
    is_man: bool
    mobile: str
    phone: str
    national_code: str
    email: str
    state: str
    city: str
    address: str
    postal_code: str


class Directory:
    """Makes people one after another. No two of one directory share a mobile, phone or national code."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._serial = rng.randrange(10**7)

    def person(self) -> Someone:
        man = self._rng.random() < 0.6
        first = self._spelt(self._rng.choice(_MEN if man else _WOMEN))
        last = self._spelt(self._rng.choice(_FAMILIES))
        gap = "  " if self._rng.random() < 0.03 else " "
        return self._someone(first, last, f"{first}{gap}{last}", man)

    def organization(self) -> Someone:
        name = f"شرکت {self._rng.choice(_TRADES)} {self._rng.choice(_BRANDS)} {self._rng.choice(_BRANDS)}"
        return self._someone("", "", self._spelt(name), False)

    def anyone(self) -> Someone:
        return self.organization() if self._rng.random() < 0.3 else self.person()

    def mobile(self) -> str:
        return f"{self._rng.choice(_OPERATORS)}{self._unique():07d}"

    def phone(self, city: str) -> str:
        return f"{_AREA_CODES[city]}{self._rng.choice('23456789')}{self._unique():07d}"

    def address(self, city: str) -> str:
        street, alley = self._rng.choice(_STREETS), self._rng.randrange(1, 60)
        return f"{city}، خیابان {street}، کوچه {alley}، پلاک {self._rng.randrange(1, 250)}"

    def _someone(self, first: str, last: str, name: str, man: bool) -> Someone:
        organization = not first
        state, city = self._rng.choice(_PLACES)
        number = self._unique()
        return Someone(
            is_organization=organization,
            first_name=first,
            last_name=last,
            name=name,
            is_man=man,
            mobile=self.mobile(),
            phone=self.phone(city),
            national_code=organization_code(number) if organization else person_code(number),
            email=f"{'info' if organization else 'user'}{number}@example.com",
            state=state,
            city=city,
            address=self.address(city),
            postal_code=f"{self._rng.randrange(11111, 99999)}{self._rng.randrange(11111, 99999)}",
        )

    def _unique(self) -> int:
        """Seven digits that look random and do not come twice in ten million."""
        self._serial = (self._serial + 7_654_321) % 10**7
        return self._serial

    def _spelt(self, text: str) -> str:
        """Sometimes the way an older keyboard writes it."""
        return text.translate(_ARABIC) if self._rng.random() < 0.2 else text


def person_code(number: int) -> str:
    """A national code of ten digits with a right check digit, from any seven-digit number."""
    digits = f"{number % 98 + 1:02d}{number:07d}"
    rest = sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
    return f"{digits}{rest if rest < 2 else 11 - rest}"


def organization_code(number: int) -> str:
    """A national id of eleven digits with a right check digit, from any seven-digit number."""
    digits = f"10{number % 10}{number:07d}"
    shift = int(digits[9]) + 2
    total = sum((int(d) + shift) * weight for d, weight in zip(digits, _ORGANIZATION_WEIGHTS, strict=True))
    return f"{digits}{total % 11 % 10}"


def quantity(product: Product, rng: Random) -> Decimal:
    """How much of it somebody might buy."""
    if product.divisible and rng.random() < 0.5:
        return Decimal(rng.randrange(1, 4000)) / 100 + 1
    return Decimal(rng.randrange(1, 40))
