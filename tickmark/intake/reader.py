"""One file → canonical rows, segments to count, rejects, and a report that adds up.

Lives here: what happens to each record of a file inside the reading child.
Does not live here: bytes (stream, containers), meaning (gateways, invoices), sets (sql/ingest).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path

from tickmark import gateways, invoices, providers
from tickmark.errors import InputRejectedError, RecordRejected, Where
from tickmark.formats import Format, JsonObject
from tickmark.intake.containers import records
from tickmark.intake.physical import Coverage, Record
from tickmark.intake.stream import Verified
from tickmark.intake.tables import Writers, row_values
from tickmark.records import TABLE_OF, Attempt, Row
from tickmark.recount import ANSWERING, CountPlan, plan, plan_answer
from tickmark.specbook import SpecBook

SEGMENTS_REMEMBERED = 2_000_000
"""Texts a child knows it wrote; one that it forgot is written again, and counted once all the same."""
MAX_FIELDS = 1000
"""A record of ten thousand keys is no schema."""
KINDS: dict[type, str] = {
    str: "text",
    int: "number",
    Decimal: "number",
    bool: "true or false",
    list: "list",
    dict: "object",
    type(None): "null",
}
FORMATS: dict[str, Format] = {**gateways.FORMATS, **invoices.FORMATS}


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of `gateways:` or `bills:` in tickmark.yaml."""

    name: str
    format: str
    account: str
    provider: str | None = None


@dataclass(slots=True)
class FileReport:
    """What became of one file: `records = read + quarantined + not_usage + blank`."""

    source: str
    file_no: int
    file: str
    format: str
    sha256: str = ""
    bytes_delivered: int = 0
    bytes_decoded: int = 0
    records: int = 0
    read: int = 0
    quarantined: int = 0
    not_usage: int = 0
    blank: int = 0
    spans: list[tuple[str, str]] = field(default_factory=list)
    more_after: list[str] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    """Top-level fields of its records, with the kinds of value that stood there."""

    def as_json(self) -> dict[str, object]:
        return asdict(self)


class Reader:
    """Reads the files of one source into staged tables."""

    def __init__(
        self, source: Source, format_: Format, specs: SpecBook, key: bytes, writers: Writers
    ) -> None:
        self.source, self.format = source, format_
        self._specs, self._key, self._writers = specs, key, writers
        self._written: dict[str, set[bytes]] = {}
        self._thread: Callable[[JsonObject], JsonObject] | None = None

    def read(self, path: Path, display: str, file_no: int) -> FileReport:
        """Read one file to its end; raise InputRejectedError where it is unusable as a whole."""
        file, coverage = Verified(path, display), Coverage()
        report = FileReport(self.source.name, file_no, display, self.format.name)
        keys: Counter[str] = Counter()
        seen: set[tuple[str, type]] = set()
        self._thread = self.format.thread() if self.format.thread else None
        first: tuple[Record, RecordRejected] | None = None
        for record in records(file, self.format, coverage):
            report.records += 1
            if record.value is not None and len(seen) < MAX_FIELDS:
                seen.update(zip(record.value, map(type, record.value.values()), strict=True))
            if (rejected := self._take(record, report, keys, coverage)) and first is None:
                first = (record, rejected)
        report.sha256, report.bytes_delivered = file.sha256, file.bytes_delivered
        report.bytes_decoded = file.bytes_decoded
        report.spans = [(start.isoformat(), end.isoformat()) for start, end in _merged(coverage.spans)]
        report.fields = _fields(seen)
        report.more_after = [end.isoformat() for end in coverage.more_after]
        if first is not None and report.read + report.not_usage == 0:
            raise self._foreign(display, *first)
        if report.records == report.blank and not report.spans:
            raise _blank(display)
        return report

    def _take(
        self, record: Record, report: FileReport, keys: Counter[str], coverage: Coverage
    ) -> RecordRejected | None:
        if record.value is None and record.rejected is None:
            report.blank += 1
            return None
        lineage = (
            self.source.name, self.source.account, report.file_no, report.records,
            record.line, record.offset, record.length,
        )  # fmt: skip
        try:
            if record.rejected is not None:
                raise record.rejected
            rows = self._load(record, lineage, keys)
            if self.format.covers is not None:
                coverage.spans.append(self.format.covers(record.value or {}))
        except RecordRejected as rejected:
            report.quarantined += 1
            reason = (rejected.rule, rejected.field, rejected.expected, rejected.got)
            self._writers.add("rejects", (*lineage, record.place, *reason))
            return rejected
        if rows:
            report.read += 1
        elif self.format.covers is not None:
            report.blank += 1  # an idle day, like the empty bucket of a page
        else:
            report.not_usage += 1
        return None

    def _load(self, record: Record, lineage: tuple[object, ...], keys: Counter[str]) -> int:
        """Write the rows of a record and say how many they are."""
        value = record.value or {}
        if self._thread is not None:
            value = self._thread(value)
        rows: list[Row] = list(self.format.read(value))
        version = self.format.version(value) if rows and self.format.version else None
        for row in rows:
            if row.provider == providers.UNKNOWN and self.source.provider is not None:
                row.provider = providers.by_name(self.source.provider)
            if not self.format.keyed:
                keys[row.record_key] += 1
                row.record_key = f"{row.record_key}#{keys[row.record_key]}"
            table = TABLE_OF[type(row)]
            own = row_values[table](row)
            where = (*lineage, blake2b(repr(own).encode(), digest_size=16).hexdigest(), version)
            if isinstance(row, Attempt):
                self._writers.add(table, (*where, *self._counted(row, value, lineage[2:4]), *own))
            else:
                self._writers.add(table, (*where, *own))
        return len(rows)

    def _counted(
        self, attempt: Attempt, value: JsonObject, delivery: tuple[object, ...]
    ) -> tuple[object, ...]:
        """How request and answer are counted; texts carry the delivery, for one attempt may come twice."""
        identity = f"{self.source.name}\0{attempt.record_key}".encode()
        attempt_id = blake2b(identity, digest_size=16).hexdigest()
        model = attempt.response_model or attempt.request_model
        asked = (attempt.provider, attempt.operation, model, attempt.started_at)
        body = self.format.request_body(value) if self.format.request_body else None
        how = plan(*asked, body, self._specs)
        self._use("segment_uses", (*delivery, attempt_id), how)
        if attempt.tokens_output and self.format.answer is not None and attempt.operation in ANSWERING:
            said = plan_answer(*asked, body, self.format.answer(value), self._specs)
            self._use("answer_segment_uses", (*delivery, attempt_id), said)
            answer = (
                said.vocabulary,
                said.exactness,
                said.overhead_tokens,
                said.unseen_tokens,
                said.reason,
            )
            self._writers.add("answers", (*delivery, attempt_id, *answer))
        return (
            attempt_id,
            how.spec,
            how.vocabulary,
            how.shape,
            how.exactness,
            how.overhead_tokens,
            how.reason,
        )

    def _use(self, table: str, owner: tuple[object, ...], how: CountPlan) -> None:
        """Note the texts of an attempt by keyed hash; the first use of one writes it to the private zone."""
        for kind, segments in how.by_kind:
            if how.vocabulary is not None and segments:
                self._use_kind(table, (*owner, how.vocabulary, kind), how.vocabulary, segments)

    def _use_kind(
        self, table: str, owner: tuple[object, ...], vocabulary: str, segments: tuple[str, ...]
    ) -> None:
        counted = Counter(segments)
        hashed = [blake2b(text.encode(), digest_size=16, key=self._key).digest() for text in counted]
        self._writers.add_uses(table, owner, hashed, list(counted.values()))
        written = self._written.setdefault(vocabulary, set())
        if not written.issuperset(hashed):
            if sum(map(len, self._written.values())) >= SEGMENTS_REMEMBERED:
                written.clear()
            for segment, text in zip(hashed, counted, strict=True):
                if segment not in written:
                    written.add(segment)
                    self._writers.add_segment(vocabulary, segment, text)

    def _foreign(self, display: str, first: Record, why: RecordRejected) -> InputRejectedError:
        return InputRejectedError(
            "E-FILE-FORMAT",
            f"at least one record of format {self.format.name}; "
            f"here {why.rule} expects {why.expected}, got {why.got}",
            where=Where(display, first.line, f"{first.place} {why.field}".strip()),
            repair="correct the record, or `format:` in tickmark.yaml (`tickmark formats` lists the formats)",
        )


def _fields(seen: set[tuple[str, type]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, kind in sorted(seen, key=lambda pair: (pair[0], KINDS[pair[1]])):
        found.setdefault(name, []).append(KINDS[kind])
    return found


def _blank(display: str) -> InputRejectedError:
    return InputRejectedError(
        "E-FILE-EMPTY",
        "at least one record",
        where=Where(display),
        repair="ask for the export again; an empty file is not 0 rows",
    )


def _merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
