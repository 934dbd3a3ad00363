"""`anthropic_analytics_cost`: what a Claude Enterprise organization used, in money, per bucket and product.

Where it comes from: GET /v1/organizations/analytics/cost_report, pages saved unchanged, `bucket_width` 1m, 1h
or 1d. One record is one cost item; ask with group_by model, product, cost_type, token_type, context_window,
inference_geo and speed: without token_type an item keeps no token class. Results by team (rbac_group_id) are
refused: people in two teams are in two rows.
Amount: decimal text in cents with a fraction, after discounts and before credits; `list_amount` is the same
before discounts. The point is moved, nothing is rounded.
Zone: UTC, RFC 3339 with zone, [starting_at, ending_at). Currency: so far always USD.
Quirks: of seats only the usage beyond them is here, no seat fees; figures move for up to 30 days; buckets
after the answer's `data_refreshed_at` are incomplete; a bucket shows at most 100 groups and no rest.
Deliver this or `anthropic_cost_report` for an account, not both.
Source: platform.claude.com, Analytics API, 2026; checked against its example only.
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject
from tickmark.invoices._anthropic import charge, without_groups
from tickmark.records import Row

NAME = "anthropic_analytics_cost"


def read(record: JsonObject) -> Iterator[Row]:
    """One charge."""
    yield charge(without_groups(record), NAME)


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("billing_lines",),
    containers=("bucket_pages",),
    summary="Anthropic Analytics API, cost: usage of Claude Enterprise in money per bucket",
    verified="unverified",
    read=read,
    shows=("cost",),
)
