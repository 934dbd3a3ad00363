"""Parity: our counts against what providers' meters said about the same requests.

Lives here: exchanges with a known bill, and the table of variances, for `tickmark parity` and for a month.
Does not live here: how a request is counted (recount), and reading bytes (intake/).
"""

import json
import re
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tickmark import months, providers, recount
from tickmark.errors import InputRejectedError, RecordRejected, Where
from tickmark.formats import Json, JsonObject, child, optional_text, text
from tickmark.framing.result import Shape
from tickmark.gateways import exchange_jsonl
from tickmark.intake.containers import Coverage, records
from tickmark.intake.stream import Verified
from tickmark.records import Attempt
from tickmark.specbook import SpecBook
from tickmark.specs import Exactness
from tickmark.tokenizers import Counters

BATCH = 2000
"""Exchanges planned and counted together; it bounds the text held in memory."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the input tokens that its provider billed for it."""

    key: str
    """What the request is found by; never its text."""
    provider: str
    operation: str
    model: str | None
    """The model that answered; the requested one where the answer names none."""
    started_at: datetime | None
    """None where it was not recorded: only rules that never changed are held against such an exchange."""
    body: JsonObject | None
    tokens_input_billed: int


class Group(NamedTuple):
    """What the exchanges of one row have in common."""

    provider: str
    operation: str
    model: str | None
    month: str
    """Its name, or UNDATED."""
    shape: Shape
    exactness: Exactness
    spec: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One row of the table; a variance is billed minus recounted tokens, None where nothing was counted."""

    provider: str
    operation: str
    model: str | None
    month: str
    shape: Shape
    exactness: Exactness
    spec: str | None
    reason: str | None
    rows: int
    rows_exact: int | None
    rows_within_2: int | None
    """Rows whose variance is at most two tokens."""
    rows_in_band: int | None
    """Rows whose bill lies in the band of a calibrated count; an exact count's band is the count."""
    tokens_variance_min: int | None
    tokens_variance_median: int | None
    tokens_variance_max: int | None
    example_key: str | None
    """The first exchange whose bill is not in the band."""


@dataclass(slots=True)
class _Seen:
    rows: int = 0
    in_band: int = 0
    variances: Tally[int] = field(default_factory=Tally)
    example_key: str | None = None


def measure(billed: Iterable[Exchange], specs: SpecBook, counters: Counters) -> list[ParityRow]:
    """The table, in the order of its groups. Memory is bounded by BATCH and the number of groups."""
    groups: dict[Group, _Seen] = {}
    remaining = iter(billed)
    while batch := list(islice(remaining, BATCH)):
        plans = [recount.plan(x.provider, x.operation, x.model, x.started_at, x.body, specs) for x in batch]
        for exchange, plan, tokens in zip(batch, plans, recount.count(plans, counters), strict=True):
            seen = groups.setdefault(_group(exchange, plan), _Seen())
            seen.rows += 1
            if tokens is not None:
                variance = exchange.tokens_input_billed - tokens
                seen.variances[variance] += 1
                low, high = plan.band(tokens)
                in_band = low <= exchange.tokens_input_billed <= high
                seen.in_band += in_band
                seen.example_key = seen.example_key or (None if in_band else exchange.key)
    return [_row(group, groups[group]) for group in sorted(groups, key=str)]


def measure_files(files: Iterable[Path], specs: Path, step: Callable[[str], None]) -> list[ParityRow]:
    """The table of files of recorded exchanges: `exchange_jsonl`, or lines that `from_recorded` knows.

    Raises InputRejectedError for a file or a line that cannot be read, BadSpecError and IntegrityError for
    specs and vocabularies.
    """
    book = SpecBook(specs)
    return measure(exchanges(files, step), book, Counters(book.vocabularies))


def exchanges(files: Iterable[Path], step: Callable[[str], None]) -> Iterator[Exchange]:
    """Every exchange of the files whose bill is known; raise InputRejectedError for a line that is none."""
    for path in files:
        step(path.name)
        for record in records(Verified(path, path.name), exchange_jsonl.FORMAT, Coverage()):
            try:
                if record.rejected is not None:
                    raise record.rejected
                yield from _read(record.value or {})
            except RecordRejected as rejected:
                raise InputRejectedError(
                    rejected.rule,
                    rejected.expected,
                    where=Where(path.name, record.line, rejected.field),
                    repair="correct or remove this line; blank lines are ignored",
                ) from None


def _read(record: JsonObject) -> Iterator[Exchange]:
    if not record:
        return
    if "request_body" in record:
        found = [from_recorded(record)]
    else:
        body = exchange_jsonl.request_body(record)
        rows = exchange_jsonl.FORMAT.read(record)
        found = [from_attempt(row, body) for row in rows if isinstance(row, Attempt)]
    yield from (exchange for exchange in found if exchange is not None)


def _group(exchange: Exchange, plan: recount.CountPlan) -> Group:
    at = exchange.started_at
    return Group(
        provider=exchange.provider,
        operation=exchange.operation,
        model=exchange.model,
        month=UNDATED if at is None else str(months.Month(at.year, at.month)),
        shape=plan.shape,
        exactness=plan.exactness,
        spec=plan.spec,
        reason=plan.reason,
    )


def _row(group: Group, seen: _Seen) -> ParityRow:
    # The lower of two middle ones, so that the median is a variance that occurred.
    ordered: Sequence[int | None] = sorted(seen.variances.elements()) or [None]
    return ParityRow(
        **group._asdict(),
        rows=seen.rows,
        rows_exact=seen.variances[0] if seen.variances else None,
        rows_within_2=sum(seen.variances[near] for near in range(-2, 3)) if seen.variances else None,
        rows_in_band=seen.in_band if seen.variances else None,
        tokens_variance_min=ordered[0],
        tokens_variance_median=ordered[(len(ordered) - 1) // 2],
        tokens_variance_max=ordered[-1],
        example_key=seen.example_key,
    )


def from_attempt(attempt: Attempt, body: JsonObject | None) -> Exchange | None:
    """A logged attempt as an exchange; None where the provider itself reported no input tokens."""
    if attempt.usage_origin != "provider_reported" or not attempt.tokens_input_total:
        return None
    return Exchange(
        key=attempt.record_key,
        provider=attempt.provider,
        operation=attempt.operation,
        model=attempt.response_model or attempt.request_model,
        started_at=attempt.started_at,
        body=body,
        tokens_input_billed=attempt.tokens_input_total,
    )


UNDATED = "undated"
OPERATIONS = {
    "completions": "completions",
    "chat.completions": "chat",
    "responses": "responses",
    "embeddings": "embeddings",
    "messages": "messages",
    "generateContent": "generate_content",
    "chat": "chat",
    "embed": "embeddings",
}


def from_recorded(record: JsonObject) -> Exchange | None:
    """A line of a public collection of recorded exchanges; None where it is no ground truth.

    Not ground truth: failures, edited or scrubbed requests, made-up answers, a body that is no object, a
    usage of zero (a stream cut before its usage was reported), recordings that their project rewrote after
    they were billed (`REWRITTEN`).
    """
    operation = OPERATIONS.get(str(record.get("api")))
    if operation is None or not _is_evidence(record):
        return None
    started, body = record.get("recorded_at"), record.get("request_body")
    billed = _billed(child(record, "usage_norm"), operation)
    if not isinstance(body, dict) or not isinstance(billed, int) or billed == 0:
        return None
    return Exchange(
        key=str(record.get("request_sha256")),
        provider=_provider(record),
        operation=operation,
        model=optional_text(record, "response_model") or optional_text(record, "request_model"),
        started_at=months.parse_instant(started) if isinstance(started, str) else None,
        body=body,
        tokens_input_billed=billed,
    )


def _provider(record: JsonObject) -> str:
    name = text(record, "provider")
    served = providers.by_host(str(record.get("endpoint_host")))
    return served or providers.by_name(_ENGINES.get(name, name))


def _billed(usage: JsonObject, operation: str) -> Json:
    """Input tokens, cached ones included: Anthropic's interface counts them beside the input."""
    billed = usage.get("input") or (usage.get("total") if operation == "embeddings" else None)
    if operation != "messages" or not isinstance(billed, int):
        return billed
    beside = [usage.get(part) for part in ("cached", "cache_write")]
    return billed + sum(part for part in beside if isinstance(part, int))


def _is_evidence(record: JsonObject) -> bool:
    return (
        record.get("http_status") == HTTP_OK
        and bool(record.get("usage"))
        and record.get("authenticity") != "suspect-synthetic"
        and record.get("request_integrity") not in ("edited", "normalized")
        and not any(record.get(mark) for mark in _DOUBTS)
        and not _is_rewritten(record)
        and _SCRUBBED not in str(record.get("request_body"))
    )


def _is_rewritten(record: JsonObject) -> bool:
    name = REWRITTEN.get(str(record.get("source_repo")))
    return name is not None and name.search(json.dumps(record.get("request_body"), default=str)) is not None


HTTP_OK = 200
REWRITTEN = {"llamastack/llama-stack": re.compile(r"(?<![a-z0-9+/])ogx(?![a-z0-9+/])", re.IGNORECASE)}
"""Repository → a name that its recordings cannot have had when they were billed.

The project was renamed, and a replacement over its whole tree went through its recordings: requests came to
hold the new name, while answers kept the count of the old one (with the old name put back, 40 of 40 distinct
requests count as billed). Only for a project's own new name, never for a text that happens not to agree.
"""
_DOUBTS = ("response_id_conflict", "request_placeholder", "scrubbed_in_request")
_SCRUBBED = "<GOOGLE_CLOUD_LOCATION>"
"""What one recorder wrote over a word of every text, the collection's marks notwithstanding."""
_ENGINES = {"local:8000": "vllm"}
"""Hosts that the collection names by port only, by what their answers show them to be."""
