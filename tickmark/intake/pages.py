"""The paged buckets of usage and cost APIs: one record per result, and the time that pages cover.

Lives here: the container `bucket_pages`. Does not live here: what a result means (invoices/).
"""

from collections.abc import Iterator
from datetime import datetime

from tickmark import strictjson
from tickmark.errors import InputRejectedError, RecordRejected, Where
from tickmark.formats import Json, JsonObject, instant
from tickmark.intake.physical import MAX_DOCUMENT, Coverage, Record, unmarked
from tickmark.intake.stream import Verified

_BUCKET_FIELDS = (("start_time", "end_time"), ("starting_at", "ending_at"))


def results(file: Verified, coverage: Coverage) -> Iterator[Record]:
    """Every result of every bucket; raise InputRejectedError where the file is no page of them."""
    whole = bytearray()
    for chunk in file.chunks():
        whole += chunk
        if len(whole) > MAX_DOCUMENT:
            raise _not_pages(file, f"at most {MAX_DOCUMENT} bytes per document")
    try:
        document = strictjson.decode(unmarked(0, bytes(whole)))
    except RecordRejected as rejected:
        raise _not_pages(file, f"{rejected.expected} ({rejected.rule})", rejected.field) from None
    for index, page in enumerate(document if isinstance(document, list) else [document]):
        yield from _page(page, index, file, coverage)


def _page(page: Json, index: int, file: Verified, coverage: Coverage) -> Iterator[Record]:
    buckets = page.get("data") if isinstance(page, dict) else None
    if not isinstance(page, dict) or not isinstance(buckets, list):
        raise _not_pages(file, "a page with a list of buckets in `data`")
    for number, bucket in enumerate(buckets):
        place = f"page {index + 1}, data[{number}]"
        if not isinstance(bucket, dict) or not isinstance(results := bucket.get("results"), list):
            raise _not_pages(file, "a bucket with a list of `results`", place)
        coverage.spans.append(_span(bucket, file, place))
        frame = {key: value for key, value in bucket.items() if key not in ("results", "object")}
        for position, result in enumerate(results):
            yield _result(frame, result, f"{place}.results[{position}]")
        if not results:
            yield Record(None, 0, 0, place=place)
    if page.get("has_more") not in (None, True, False):
        raise _not_pages(file, "true or false", "has_more")
    if page.get("has_more") and coverage.spans:
        coverage.more_after.append(coverage.spans[-1][1])


def _result(frame: JsonObject, result: Json, place: str) -> Record:
    if not isinstance(result, dict):
        rejected = RecordRejected("E-JSON-OBJECT", "(record)", "an object", result)
        return Record(None, 0, 0, rejected=rejected, place=place)
    return Record(None, 0, 0, value={**frame, **result}, place=place)


def _span(bucket: JsonObject, file: Verified, place: str) -> tuple[datetime, datetime]:
    first, last = next((names for names in _BUCKET_FIELDS if names[0] in bucket), _BUCKET_FIELDS[0])
    try:
        start, end = instant(bucket, first), instant(bucket, last)
    except RecordRejected as rejected:
        raise _not_pages(file, rejected.expected, f"{place}.{rejected.field}") from None
    if start >= end:
        raise _not_pages(file, f"a time after {first}", f"{place}.{last}")
    return start, end


def _not_pages(file: Verified, expected: str, place: str | None = None) -> InputRejectedError:
    return InputRejectedError(
        "E-PAGE-SHAPE",
        expected,
        where=Where(file.display, field=place),
        repair="save the API's answer unchanged, one page per file or a list of pages",
    )
