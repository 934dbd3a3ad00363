"""`deepseek_cost_csv`: what DeepSeek took from which wallet, as its console exports it.

Where it comes from: platform.deepseek.com, Usage, Export: a ZIP per month, unpacked; this is its
`cost-<year>-<month>.csv`. One record is what one model cost in one period from one wallet; it becomes a
charge, and a movement of the wallet's credit (negative: usage).
Wallets: `granted` is credit that DeepSeek gave, `paid` is credit that was bought; granted credit is used
first. Both are charges at full cost: what was really paid for is in the ledger, by wallet.
Amount: plain decimal text, exact. Currency: `currency` (CNY or USD) as the account is kept; a close in USD
refuses CNY, it has no exchange rate.
Zone: as in `deepseek_amount_csv`: a UTC day (`utc_date`), since 2026-08 hours with the account's offset.
Quirks: there is no token class, so a charge is compared with all tokens of the account as a whole; the
spelling of wallets varies (paid, Paid).
Source: rows of exports of 2026-07 (daily) and 2026-09 (hourly) in tests of public readers.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.formats import Format, JsonObject, one_of, optional_text, text
from tickmark.invoices._deepseek import day_or_hours
from tickmark.invoices._fields import currency, natural_key, pick, required_decimal, storable
from tickmark.records import BillingLine, CreditEntry, Row

NAME = "deepseek_cost_csv"
WALLETS = ("granted", "paid")


def read(record: JsonObject) -> Iterator[Row]:
    """A charge, and what it takes from its wallet."""
    start, end = day_or_hours(record)
    wallet = one_of({"wallet_type": text(record, "wallet_type").lower()}, "wallet_type", WALLETS)
    model, provider = text(record, "model"), providers.by_name("deepseek")
    dimensions = {"start": start, "end": end, "wallet": wallet, **pick(record, ("user_id", "model"))}
    cost = storable(required_decimal(record, "cost"), "cost")
    key, code = natural_key(NAME, dimensions), currency(record, "currency")
    yield BillingLine(
        record_key=key,
        provider=provider,
        invoice_issuer_name="DeepSeek",
        charge_category="Usage",
        charge_period_start=start,
        charge_period_end=end,
        billed_cost=cost,
        billing_currency=code,
        billing_account_id=optional_text(record, "user_id"),
        charge_description=f"{model}, {wallet} wallet",
        x_model=model,
        x_amount_text=text(record, "cost"),
    )
    yield CreditEntry(
        record_key=key,
        provider=provider,
        entry_at=start,
        entry_kind="usage",
        amount=-cost,
        currency=code,
        wallet=wallet,
        description=model,
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines", "credit_ledger"),
    containers=("csv",),
    summary="DeepSeek console export, costs: charges and credit used per model and wallet",
    verified="unverified",
    read=read,
    shows=("cost",),
    columns=("model", "wallet_type", "cost", "currency"),
)
