"""How figures and names look on the page.

Lives here: amounts, counts, shares and names as text or markup; rounding for the eye only.
Does not live here: sums (the tables and `largest`), sentences (verdict) and layout (page.html.j2).
"""

import unicodedata
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from markupsafe import Markup

from tickmark import money

MISSING = Markup('<span class="n missing">\N{EN DASH}</span>')
MINUS = "\N{MINUS SIGN}"
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
SIGNIFICANT_DIGITS = 4
NAME_LENGTH = 64
_TAIL = 12
_GROUP = 3
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_EXACTNESS = {
    "exact": "Exact",
    "exact_text": "Exact for text",
    "calibrated": "Calibrated",
    "none": "Not possible",
}


def rounded(amount: Decimal) -> Decimal:
    """The amount as shown: cents; below 1 USD four significant digits, so that small bills stay visible."""
    if abs(amount) >= 1 or amount == 0:
        return money.cents(amount)
    step = Decimal(1).scaleb(amount.adjusted() - SIGNIFICANT_DIGITS + 1)
    shown = amount.quantize(step, rounding=ROUND_HALF_UP).normalize()
    return money.cents(shown) if money.cents(shown) == shown else shown


def plain(number: Decimal) -> str:
    """Every digit of a number, without trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_parts(amount: Decimal, *, signed: bool = False) -> tuple[str, str, str]:
    """Sign, whole dollars and cents, and the digits finer than cents: ('+', '0.00', '31')."""
    whole, _, fraction = f"{abs(rounded(amount)):f}".partition(".")
    return _sign(amount, signed=signed), f"{whole}.{fraction[:2]}", fraction[2:]


def usd_text(amount: Decimal, *, signed: bool = False) -> str:
    """An amount for sentences: '84 213.42', '+12.00', '0.0031'."""
    sign, dollars, finer = amount_parts(amount, signed=signed)
    return f"{sign}{spaced(dollars)}{finer}"


def usd(amount: Decimal | None, *, signed: bool = False) -> Markup:
    """An amount for a cell; the exact value is its title where rounding hides something."""
    if amount is None:
        return MISSING
    sign, dollars, finer = amount_parts(amount, signed=signed)
    whole, _, cents = dollars.partition(".")
    digits = Markup("{}{}.{}").format(sign, _grouped(whole), cents)
    if finer:
        digits += Markup("<span class=f>{}</span>").format(finer)
    if rounded(amount) == amount:
        return Markup("<span class=n>{}</span>").format(digits)
    return Markup('<span class=n title="{} USD exactly">{}</span>').format(plain(amount), digits)


def price(usd_per_million: Decimal | None) -> Markup:
    """A price per million tokens with four decimals; its title is the exact value."""
    if usd_per_million is None:
        return MISSING
    shown = usd_per_million.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    whole, _, fraction = f"{shown:f}".partition(".")
    return Markup('<span class=n title="{}">{}.{}</span>').format(
        plain(usd_per_million), _grouped(whole), fraction
    )


def count(number: Decimal | int | None, *, signed: bool = False) -> Markup:
    """A number of tokens, calls or rows; decimals stay where there are some."""
    if number is None:
        return MISSING
    exact = Decimal(number)
    whole, dot, fraction = plain(abs(exact)).partition(".")
    return Markup("<span class=n>{}{}{}{}</span>").format(
        _sign(exact, signed=signed), _grouped(whole), dot, fraction
    )


def percent(share: Decimal | None, *, signed: bool = False) -> Markup:
    """A share in percent with one decimal; what is not quite 0 or 100 % never looks like it."""
    if share is None:
        return MISSING
    points = abs(share.scaleb(2))
    shown = points.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    text = f"{shown:f}"
    if shown == 0 < points:
        text = f"{points.quantize(Decimal(1).scaleb(points.adjusted()), rounding=ROUND_HALF_UP):f}"
    elif shown == Decimal(100) != points:
        text = ">99.9" if points < shown else ">100.0"
    return Markup('<span class=n title="{}">{}{}{}%</span>').format(
        plain(share), _sign(share, signed=signed), text, THIN_SPACE
    )


def figure(number: Decimal | None, threshold: Decimal) -> Markup:
    """A red flag's figure in the unit of its threshold: a threshold below 1 is a share."""
    return percent(number) if 0 < threshold < 1 else count(number)


def visible(text: object) -> str:
    """Text from data with invisible characters (controls, bidi marks, lone surrogates) spelt out."""
    return "".join(_spelt_out(character) for character in str(text))


def _spelt_out(character: str) -> str:
    hidden = unicodedata.category(character) in _UNPRINTABLE
    return f"\\u{ord(character):04x}" if hidden else character


def shortened(text: object, length: int = NAME_LENGTH) -> str:
    """A visible name; a longer one keeps its beginning and end and says its length."""
    name = visible(text)
    if len(name) <= length + _TAIL:
        return name
    return f"{name[: length - _TAIL]}…{name[-_TAIL:]} ({len(name)} characters)"


def name(text: object) -> Markup:
    """A name from data, isolated from the direction of its neighbours; its title is the whole name."""
    if text is None:
        return MISSING
    full, short = visible(text), shortened(text)
    if full == short:
        return Markup("<bdi>{}</bdi>").format(short)
    return Markup('<bdi title="{}">{}</bdi>').format(full, short)


def words(code: object) -> str:
    """A code of the tables for people: 'within_tolerance' → 'Within tolerance'."""
    return capital(str(code).replace("_", " "))


def month_name(month: str) -> str:
    """'2026-10' → 'October 2026'."""
    year, number = month.split("-")
    return f"{_MONTHS[int(number) - 1]} {year}"


def exactness(claim: object) -> str:
    """What our count of a model proves, in words."""
    return _EXACTNESS.get(str(claim)) or words(claim)


def capital(text: object) -> str:
    """Text from data as the start of a sentence."""
    shown = visible(text)
    return shown[:1].upper() + shown[1:]


def spaced(number: str) -> str:
    """A number with thin spaces between thousands, for text that nobody copies into a sheet."""
    whole, dot, fraction = number.partition(".")
    return THIN_SPACE.join(_groups(whole)) + dot + fraction


def noun(number: int, one: str, many: str | None = None) -> str:
    """A number and its noun: '1 file', '3 files'."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _sign(number: Decimal, *, signed: bool) -> str:
    return MINUS if number < 0 else "+" if signed and number > 0 else ""


def _groups(whole: str) -> Iterator[str]:
    first = len(whole) % _GROUP or _GROUP
    yield whole[:first]
    for start in range(first, len(whole), _GROUP):
        yield whole[start : start + _GROUP]


def _grouped(whole: str) -> Markup:
    # Thin gaps are drawn by the style sheet, so a copied figure is still a number.
    first, *others = _groups(whole)
    return Markup("").join([Markup("{}").format(first), *(Markup("<i>{}</i>").format(g) for g in others)])
