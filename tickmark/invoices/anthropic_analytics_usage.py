"""`anthropic_analytics_usage`: token counts of a Claude Enterprise organization, per bucket and product.

Where it comes from: GET /v1/organizations/analytics/usage_report, pages saved unchanged, buckets of 1m, 1h
or 1d. One record is one result: one combination of group keys in one bucket. Ask with group_by model,
product, context_window, inference_geo and speed: without a model a result meets no price and is rejected.
Results by team (rbac_group_id) are refused: people in two teams are in two rows.
Input: the classes are disjoint, as in `anthropic_usage_report`; beside them stands the request count
(for code execution it counts executions). The product (chat, claude_code, ...) stands as the project.
Zone: UTC, RFC 3339 with zone, [starting_at, ending_at). Currency: none.
Quirks: figures move for up to 30 days; buckets after the answer's `data_refreshed_at` are incomplete: end
the export before it. A bucket shows at most 100 groups and no rest. Neither key nor workspace is here.
Deliver this or `anthropic_usage_report` for an account, not both.
Source: platform.claude.com, Analytics API, 2026; checked against its example only.
"""

from collections.abc import Iterator

from tickmark.formats import Format, JsonObject
from tickmark.invoices._anthropic import usage, without_groups
from tickmark.records import Row

NAME = "anthropic_analytics_usage"


def read(record: JsonObject) -> Iterator[Row]:
    """A row per class that was used, and always one of `uncached_input`."""
    yield from usage(without_groups(record), NAME)


FORMAT = Format(
    name=NAME,
    side="bill",
    tables=("usage_buckets",),
    containers=("bucket_pages",),
    summary="Anthropic Analytics API, usage: tokens and requests of Claude Enterprise per bucket",
    verified="unverified",
    read=read,
    shows=("cache classes",),
)
