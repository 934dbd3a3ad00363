"""`fireworks_costs_csv`: what serverless inference cost per day and model, as Fireworks exports it.

Where it comes from: `firectl billing export-usage-costs --group-by model` (at most 31 days per export). One
record is the rated cost of one model on one UTC day. Other groupings of the same money (model_tier, user,
api_key) are refused: together they would count it twice.
Amount: `subtotal_usd`, exact decimal with nine places, in `currency`. Rated, not invoiced: subscription
prices, without fixed fees, invoice discounts, minimums, credits and taxes.
Models: the resource name (accounts/<account>/models/<model>). There is no token class: a charge is compared
with all tokens of the account as a whole. `unattributed` and `unknown_model` name no model.
Zone: UTC days. Quirks: days that cost exactly nothing are absent; deployments and training are not here.
Source: docs.fireworks.ai, Exporting Usage Costs, 2026 (its sample row).
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, JsonObject, optional_text, text
from tickmark.invoices._fields import currency, natural_key, pick, required_decimal, storable, utc_day
from tickmark.records import BillingLine, Row

NAME = "fireworks_costs_csv"
COLUMNS = ("account_id", "date", "group_by_dimension", "group_by_value", "subtotal_usd", "currency")
NOT_MODELS = ("unattributed", "unknown_model")


def read(record: JsonObject) -> Iterator[Row]:
    """One charge."""
    if (dimension := text(record, "group_by_dimension")) != "model":
        raise RecordRejected(
            "E-FIELD-VALUE", "group_by_dimension", "model (export with --group-by model)", dimension
        )
    start, end = utc_day(record, "date")
    model = text(record, "group_by_value")
    yield BillingLine(
        record_key=natural_key(NAME, pick(record, ("account_id", "date", "group_by_value"))),
        provider=providers.by_name("fireworks"),
        invoice_issuer_name="Fireworks AI",
        charge_category="Usage",
        charge_period_start=start,
        charge_period_end=end,
        billed_cost=storable(required_decimal(record, "subtotal_usd"), "subtotal_usd"),
        billing_currency=currency(record, "currency"),
        billing_account_id=optional_text(record, "account_id"),
        charge_description=model,
        x_model=None if model in NOT_MODELS else model,
        x_amount_text=text(record, "subtotal_usd"),
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("csv",),
    summary="Fireworks usage costs: rated cost of serverless inference per day and model",
    verified="unverified",
    read=read,
    shows=("cost",),
    columns=COLUMNS,
)
