"""`anthropic_cost_report`: what Anthropic charged per day and kind of cost.

Where it comes from: GET /v1/organizations/cost_report, pages saved unchanged (day buckets only). One
record is one cost item; ask with group_by workspace_id and description: with description an item says
model, tier and inference_geo too; without it, neither model nor kind, and it keeps no token class.
Amount: decimal text in cents with a fraction, "123.45" is 1.2345 US dollars; the point is moved, nothing
is rounded. An amount that is a JSON number is refused: it is not from this endpoint (100x errors).
Kinds (`cost_type`): tokens, web_search, code_execution, session_usage; only tokens and web searches
have a class. An unknown kind or token type is loaded without one.
Zone: UTC, RFC 3339 with zone, [starting_at, ending_at). Currency: so far always USD.
Quirks: Priority Tier costs never appear; code execution is here but not in the usage report.
Source: platform.claude.com, Cost report, 2026-08-21; checked against its example, not a live answer.
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject
from tickmark.invoices._anthropic import charge
from tickmark.records import Row

NAME = "anthropic_cost_report"


def read(record: JsonObject) -> Iterator[Row]:
    """One charge."""
    yield charge(record, NAME)


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("bucket_pages",),
    summary="Anthropic cost report: charges per day, model and kind of cost",
    verified="unverified",
    read=read,
    shows=("cost", "tier"),
)
