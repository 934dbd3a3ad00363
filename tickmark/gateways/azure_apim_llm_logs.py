"""`azure_apim_llm_logs`: rows of Azure API Management's table ApiManagementGatewayLlmLog.

Where it comes from: Log Analytics, as JSON (the REST answer with its `tables`, or a list of rows as the `az`
command prints it), JSON lines or CSV with the table's column names and ISO times. The category "Generative AI
gateway logs" must be switched on by itself. One row about usage is one request as the gateway answered it
(`SequenceNumber` 0); rows of other numbers are pieces of messages and are not about usage. Attempts at a
backend are only in the custom trace of another table: retries are hidden (`request_collapsed`).
Provider: `azure`. Model: `ModelName` answered, `DeploymentName` was asked for.
Tokens: `PromptTokens` includes cached ones and nothing says how many: the input is kept without a class and
unpriced, and only its total can be compared. A row without counts (streams of some backends) has no usage.
Outcome: the table has no status; a row with tokens is a success, of one without nobody can tell whether it
was billed. Text: pieces of at most 32 KB over several rows are not put together.
Key: `CorrelationId`, as in ApiManagementGatewayLogs. Zone: UTC, `TimeGenerated` in ISO 8601; the portal's
local times ("TimeGenerated [UTC]") are refused.
Source: Azure Monitor table reference, 2026-11. Checked against the column list only.
"""

from collections.abc import Iterator

from tickmark.errors import RecordRejected
from tickmark.formats import Format, Json, JsonObject, flag, instant, items, optional_text, text
from tickmark.gateways._lines import plain_count
from tickmark.gateways._usage import fill, with_cached
from tickmark.records import Attempt, Row

COLUMNS = ("TimeGenerated", "CorrelationId", "SequenceNumber", "PromptTokens", "CompletionTokens")
NUMERIC = ("SequenceNumber", "PromptTokens", "CompletionTokens", "TotalTokens")


def read(record: JsonObject) -> Iterator[Row]:
    """One request; pieces of messages give no row."""
    sequence = plain_count(record, "SequenceNumber")
    if sequence is None:
        raise RecordRejected("E-FIELD-MISSING", "SequenceNumber", "a whole number", None)
    if sequence:
        return
    operation = optional_text(record, "OperationName") or ""
    attempt = Attempt(
        record_key=text(record, "CorrelationId"),
        provider="azure",
        operation="embeddings" if "embedding" in operation.lower() else "chat",
        started_at=instant(record, "TimeGenerated", naive_is_utc=True),
        attempt_grain="request_collapsed",
        request_model=optional_text(record, "DeploymentName"),
        response_model=optional_text(record, "ModelName"),
        streamed=flag(record, "IsStreamCompletion"),
        billable_expected=None,
    )
    # The `az` command prints numbers as text.
    prompt, completion = plain_count(record, "PromptTokens"), plain_count(record, "CompletionTokens")
    if prompt is not None and completion is not None:
        fill(attempt, with_cached(prompt, None, completion))
        attempt.billable_expected = True
    yield attempt


def unfold(value: Json) -> Iterator[tuple[str, Json]]:
    """Rows, or those of the REST answer: `{"tables": [{"columns": [...], "rows": [[...]]}]}`."""
    tables = value.get("tables") if isinstance(value, dict) else None
    if not isinstance(tables, list):
        yield from items(value)
        return
    for place, table in items(tables):
        yield from ((f"tables{place}.rows{at}", row) for at, row in _rows(table))


def _rows(table: Json) -> Iterator[tuple[str, Json]]:
    columns, rows = (table.get("columns"), table.get("rows")) if isinstance(table, dict) else (None, None)
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise RecordRejected("E-FIELD-TYPE", "tables", "tables with `columns` and `rows`", table)
    names = [text(each, "name") if isinstance(each, dict) else str(each) for each in columns]
    for at, row in items(rows):
        paired = isinstance(row, list) and len(row) == len(names)
        yield at, dict(zip(names, row, strict=True)) if paired and isinstance(row, list) else row


FORMAT = Format(
    name="azure_apim_llm_logs",
    side="gateway",
    tables=("attempts",),
    containers=("json", "csv"),
    summary="Azure API Management, table ApiManagementGatewayLlmLog: token totals per request",
    verified="unverified",
    read=read,
    columns=COLUMNS,
    numeric=NUMERIC,
    unfold=unfold,
)
