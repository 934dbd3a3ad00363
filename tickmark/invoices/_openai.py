"""What the organization endpoints of OpenAI have in common: the frame of a result.

Lives here: kind, bucket times, group keys, request count. Does not live here: token counts and
amounts (the readers).
Source: openai-openapi of 2026-08-21, GET /v1/organization/usage/* and /costs.
"""

from tickmark import providers
from tickmark.errors import RecordRejected
from tickmark.formats import JsonObject, optional_text, required_count
from tickmark.invoices._fields import grouped_by, natural_key, period, pick, service_tier
from tickmark.records import UsageBucket

GROUP_KEYS = ("project_id", "user_id", "api_key_id", "model", "batch", "service_tier")


def require_kind(record: JsonObject, kind: str) -> None:
    """Refuse the result of another endpoint, as its `object` names it."""
    # Results share field names: completions read as embeddings would lose their output in silence.
    if record.get("object", kind) != kind:
        raise RecordRejected("E-RESULT-KIND", "object", f"'{kind}'", record["object"])


def uncached_input_row(record: JsonObject, format_name: str, kind: str, uncached: int) -> UsageBucket:
    """The row of `uncached_input`; `kind` is the result's own `object`."""
    require_kind(record, kind)
    start, end = period(record, "start_time", "end_time")
    return UsageBucket(
        record_key=natural_key(format_name, {"start": start, "end": end, **pick(record, GROUP_KEYS)}),
        provider=providers.by_name("openai"),
        model=grouped_by(record, "model"),
        token_class="uncached_input",
        bucket_start=start,
        bucket_end=end,
        tokens_usage_export=uncached,
        requests=required_count(record, "num_model_requests"),
        service_tier=_tier(record),
        project_id=optional_text(record, "project_id"),
        credential_id=optional_text(record, "api_key_id"),
    )


def _tier(record: JsonObject) -> str:
    batch = record.get("batch")
    if batch is not None and not isinstance(batch, bool):
        raise RecordRejected("E-FIELD-TYPE", "batch", "true, false or null", batch)
    return "batch" if batch else service_tier(optional_text(record, "service_tier"))
