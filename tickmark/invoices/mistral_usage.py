"""`mistral_usage`: token counts per day and model, as Mistral's billing usage says them.

Where it comes from: GET api.mistral.ai/v1/admin/usage?month=7&year=2026 (Admin API, enterprise plans),
saved unchanged; the billing page of admin.mistral.ai asks for the same document. One document is one month;
one record is one entry of it: one day, model and kind. Read are the categories completion and chat.
Input: the groups input, cached and output are metered and priced apart, so they are taken as disjoint.
`value` is what was used; `value_paid` (less a free quota) and the list of prices are not kept: the document
states no cost. Costs come from the invoice (`invoice_csv`) or as FOCUS lines (`focus_csv`).
Models: `billing_display_name`, the name that requests ask for and answers repeat (mistral-small-latest);
`billing_metric`, the version behind it, only tells entries apart.
Not read: OCR pages, audio, connectors, libraries, fine-tuning and Vibe: counted as not usage, not as tokens.
There is no request count. Another event or group than those known is refused.
Zone: days of the period's zone, UTC. Currency: none (the document's prices are in the account's currency).
Quirks: `end_date` is the end of the month also while it runs, so the document does not say what it covers.
Source: docs.mistral.ai, Usage metrics with the Admin API, 2026-09 (its categories, not its fields), and an
answer of 2025-11 in the tests of public readers.
"""

from collections.abc import Iterator

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import Format, Json, JsonObject, one_of, optional_text, required_count, text
from tickmark.invoices._fields import natural_key, pick, utc_day
from tickmark.records import Row, UsageBucket

NAME = "mistral_usage"
CATEGORIES = ("completion", "chat")
TOKEN_CLASSES = {"input": "uncached_input", "cached": "cache_read", "output": "output"}
EVENT = "api_tokens"
IDENTITY = ("category", "billing_metric", "billing_display_name", "billing_group", "usage_type")


def entries(document: Json) -> Iterator[tuple[str, Json]]:
    """Every entry of every category, with its place and category; what is no such document stays whole."""
    if not isinstance(document, dict) or "completion" not in document:
        yield "", document
        return
    for category, content in document.items():
        for place, entry in _entries(content, category) if category != "prices" else ():
            yield place, {**entry, "category": category}


def _entries(value: Json, place: str) -> Iterator[tuple[str, dict[str, Json]]]:
    if isinstance(value, dict) and "billing_group" in value:
        yield place, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _entries(inner, f"{place}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _entries(inner, f"{place}[{index}]")


def read(record: JsonObject) -> Iterator[Row]:
    """The tokens of one entry, or none of what is not counted in tokens."""
    if text(record, "category") not in CATEGORIES:
        return
    if (event := optional_text(record, "event_type")) not in (None, EVENT):
        raise RecordRejected("E-FIELD-VALUE", "event_type", EVENT, event)
    start, end = utc_day(record, "timestamp")
    yield UsageBucket(
        record_key=natural_key(NAME, {"day": start, **pick(record, IDENTITY)}),
        provider=providers.by_name("mistral"),
        model=text(record, "billing_display_name"),
        token_class=TOKEN_CLASSES[one_of(record, "billing_group", TOKEN_CLASSES)],
        bucket_start=start,
        bucket_end=end,
        tokens_usage_export=required_count(record, "value"),
    )


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("json",),
    summary="Mistral billing usage (Admin API): tokens per day and model",
    verified="unverified",
    read=read,
    shows=("cache classes",),
    unfold=entries,
)
