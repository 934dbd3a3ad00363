"""Records of the three containers: each comes out once, loaded, set aside by name, or blank."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.readers.reading import SAMPLES, packed, read
from tickmark.errors import InputRejectedError, IntegrityError, TickmarkError
from tickmark.intake import jsonrows
from tickmark.intake import pages as pages_container
from tickmark.invoices import invoice_csv

GOOD = (SAMPLES / "exchange_jsonl.jsonl").read_bytes().splitlines(keepends=True)
FIRST, LAST = GOOD[0], GOOD[1]
INVOICES = ",".join(invoice_csv.COLUMNS).encode() + b"\n"
INVOICE = b"OpenAI,A-1,2026-08-01,2026-07-01,2026-08-01,12.34,USD\n"
OTHER = INVOICE.replace(b"A-1", b"A-2")


def refused(folder: Path, format_: str, content: bytes) -> str:
    """Rule, line and field of the error that refuses a file."""
    with pytest.raises(TickmarkError) as found:
        read(folder, format_, content)
    assert found.value.exit_code == InputRejectedError.exit_code
    where = found.value.where
    assert where is not None
    return " ".join(str(part) for part in (found.value.rule, where.line, where.field) if part is not None)


# jsonl

LINES = {
    "F09 Latin-1 byte": (b'{"url": "caf\xe9"}', "E-TEXT-UTF8"),
    "F09 encoded surrogate": (b'{"url": "\xed\xa0\x80"}', "E-TEXT-UTF8"),
    "F09 NUL in text": (b'{"url": "\0"}', "E-JSON-SYNTAX"),
    "F09 NUL bytes only": (b"\0\0\0\0", "E-JSON-SYNTAX"),
    "F10 line separator as blank": ("\u2028".encode(), "E-JSON-SYNTAX"),
    "F18 array": (b"[1]", "E-JSON-OBJECT"),
    "F18 null": (b"null", "E-JSON-OBJECT"),
    "F18 number": (b"12", "E-JSON-OBJECT"),
    "empty object": (b"{}", "E-FIELD-MISSING"),
    "mark in the middle": (b"\xef\xbb\xbf{}", "E-JSON-SYNTAX"),
}


@pytest.mark.parametrize(("line", "rule"), LINES.values(), ids=LINES)
def test_a_bad_line_is_set_aside_and_its_neighbours_are_loaded(
    tmp_path: Path, line: bytes, rule: str
) -> None:
    found = read(tmp_path, "exchange_jsonl", FIRST + line + b"\n" + LAST)
    assert (found.report.records, found.report.read, found.report.quarantined) == (3, 2, 1)
    (reject,) = found.rows["rejects"]
    assert (reject["line_no"], reject["rule"], reject["byte_offset"]) == (2, rule, len(FIRST))
    assert reject["byte_length"] == len(line) + 1


def test_f10_a_raw_newline_in_text_makes_two_bad_lines(tmp_path: Path) -> None:
    found = read(tmp_path, "exchange_jsonl", FIRST + LAST.replace(b"parcel", b"par\ncel", 1) + LAST)
    assert (found.report.records, found.report.read) == (4, 2)
    assert [rule for _, rule, _ in found.rejects] == ["E-JSON-SYNTAX"] * 2


def test_f10_line_separators_of_unicode_are_text(tmp_path: Path) -> None:
    found = read(
        tmp_path, "exchange_jsonl", FIRST.replace(b"parcel", "par\u2028\u2029\x85cel".encode()) + LAST
    )
    assert (found.report.records, found.report.read) == (2, 2)


@pytest.mark.parametrize(
    "content", [b"".join(GOOD).replace(b"\n", b"\r\n"), b"".join(GOOD)[:-1]], ids=["CRLF", "no end"]
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
@pytest.mark.parametrize("name", ["f.jsonl", "f.jsonl.gz", "f.jsonl.zst"])
def test_f08_f10_line_ends_and_marks_change_nothing(
    tmp_path: Path, content: bytes, mark: bytes, name: str
) -> None:
    found = read(tmp_path, "exchange_jsonl", mark + content, name)
    assert (found.report.read, found.report.quarantined) == (len(GOOD), 0)
    assert found.report.bytes_decoded == len(mark + content)
    last = found.rows["attempts"][-1]
    assert last["byte_offset"] + last["byte_length"] == len(mark + content)


def test_blank_lines_are_counted(tmp_path: Path) -> None:
    found = read(tmp_path, "exchange_jsonl", b"\n" + FIRST + b" \t\r\n\n" + LAST + b"  ")
    assert (found.report.records, found.report.read, found.report.blank) == (6, 2, 4)
    assert [row["line_no"] for row in found.rows["attempts"]] == [2, 5]


@pytest.mark.parametrize(
    "content", [b"\n\n", b" ", b"\r\n", b"\xef\xbb\xbf"], ids=["newlines", "blank", "CRLF", "mark"]
)
def test_f01_only_blank_lines(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path, "exchange_jsonl", content) == "E-FILE-EMPTY"


def test_f03_a_cut_last_line_refuses_the_file(tmp_path: Path) -> None:
    whole = FIRST + LAST
    for end in range(len(FIRST) + 1, len(whole) - 1):
        assert refused(tmp_path, "exchange_jsonl", whole[:end]) == "E-FILE-TRUNCATED 2"


def test_f10_carriage_returns_only(tmp_path: Path) -> None:
    assert refused(tmp_path, "exchange_jsonl", (FIRST + LAST).replace(b"\n", b"\r")) == "E-FILE-TRUNCATED 1"


def test_a_file_of_another_format_says_so(tmp_path: Path) -> None:
    array = json.dumps([json.loads(line) for line in GOOD]).encode()
    assert refused(tmp_path, "exchange_jsonl", array) == "E-FILE-FORMAT 1 (record)"
    assert refused(tmp_path, "litellm_spend_logs", b"\n" + FIRST + LAST) == "E-FILE-FORMAT 2 request_id"


@pytest.mark.parametrize(("megabytes", "rejects"), [(63, 0), (65, 1)])
def test_f07_long_lines(tmp_path: Path, megabytes: int, rejects: int) -> None:
    long = FIRST.replace(b"chatcmpl-01", b"chatcmpl-long").replace(b"parcel", b"p" * (megabytes * 10**6), 1)
    found = read(tmp_path, "exchange_jsonl", FIRST + long + LAST)
    assert (found.report.records, found.report.quarantined) == (3, rejects)
    assert [(rule, line) for line, rule, _ in found.rejects] == [("E-LINE-LONG", 2)] * rejects
    assert found.report.bytes_decoded == len(FIRST + long + LAST)


def test_a_reader_that_loses_bytes_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = jsonrows.lines
    monkeypatch.setattr(jsonrows, "lines", lambda file: list(lines(file))[:-1])
    with pytest.raises(IntegrityError, match=r"^E-BYTES-LOST file\.txt "):
        read(tmp_path, "exchange_jsonl", FIRST + LAST)


# csv


def test_columns_go_by_name_and_others_are_ignored(tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO((INVOICES + INVOICE).decode())))
    swapped = io.StringIO()
    csv.writer(swapped).writerows([*reversed(row), "x", ""] for row in (rows[0], rows[1]))
    plain = read(tmp_path / "plain", "invoice_csv", INVOICES + INVOICE).rows["invoices"][0]
    found = read(tmp_path, "invoice_csv", swapped.getvalue().replace("USD,x", "USD,Note", 1).encode()).rows[
        "invoices"
    ][0]
    assert found["content_hash"] == plain["content_hash"]


ROWS = {
    "R13 too few fields": (b"OpenAI,A-1,2026-08-01\n", "E-CSV-WIDTH", "(record)"),
    "R13 too many fields": (INVOICE[:-1] + b",x\n", "E-CSV-WIDTH", "(record)"),
    "R13 total row": (b"Total,,,,,123.45,\n", "E-FIELD-MISSING", "InvoiceId"),
    "R13 header again": (INVOICES, "E-FIELD-TIME", "BillingPeriodStart"),
    "R13 long field": (INVOICE.replace(b"A-1", b"x" * 4_000_001), "E-CSV-FIELD", "InvoiceId"),
    "F09 NUL": (INVOICE.replace(b"A-1", b"A\0"), "E-CSV-FIELD", "InvoiceId"),
    "F09 Latin-1": (INVOICE.replace(b"A-1", b"A\xe9"), "E-TEXT-UTF8", "(record, byte 9)"),
    "M01 decimal comma": (INVOICE.replace(b"12.34", b'"12,34"'), "E-FIELD-DECIMAL", "BilledCost"),
    "M01 thousands": (INVOICE.replace(b"12.34", b'"1,234.50"'), "E-FIELD-DECIMAL", "BilledCost"),
    "M01 sign of a currency": (INVOICE.replace(b"12.34", b"$12.34"), "E-FIELD-DECIMAL", "BilledCost"),
    "M01 accountant's minus": (INVOICE.replace(b"12.34", b"(12.34)"), "E-FIELD-DECIMAL", "BilledCost"),
    "M01 minus of Unicode": (
        INVOICE.replace(b"12.34", "\u221212.34".encode()),
        "E-FIELD-DECIMAL",
        "BilledCost",
    ),
    "M01 nothing": (INVOICE.replace(b"12.34", b""), "E-FIELD-MISSING", "BilledCost"),
}


@pytest.mark.parametrize(("row", "rule", "field"), ROWS.values(), ids=ROWS)
def test_a_bad_row_is_set_aside(tmp_path: Path, row: bytes, rule: str, field: str) -> None:
    found = read(tmp_path, "invoice_csv", INVOICES + INVOICE + row + OTHER)
    assert (found.report.records, found.report.read, found.report.blank) == (4, 2, 1)
    assert found.rejects == [(3, rule, field)]
    assert str(row[:40]) not in str(found.rows["rejects"])


def test_fields_of_128_kilobytes_and_more_are_read(tmp_path: Path) -> None:
    found = read(tmp_path, "invoice_csv", INVOICES + INVOICE.replace(b"A-1", b"x" * 3_000_000))
    assert len(found.rows["invoices"][0]["invoice_id"]) == 3_000_000


def test_quoted_newlines_quotes_and_blank_rows_keep_the_count_of_lines(tmp_path: Path) -> None:
    content = (
        b"\n" + INVOICES + INVOICE.replace(b"A-1", b'"A\n""1""\r\nx,y"') + b"\n,,,,,,\n" + OTHER + b"bad\n"
    )
    found = read(tmp_path, "invoice_csv", content)
    assert (found.report.records, found.report.read, found.report.blank) == (7, 2, 4)
    assert [(row["line_no"], row["invoice_id"]) for row in found.rows["invoices"]] == [
        (3, 'A\n"1"\r\nx,y'),
        (8, "A-2"),
    ]
    assert found.rejects == [(9, "E-CSV-WIDTH", "(record)")]
    places = [(row["byte_offset"], row["byte_length"]) for row in found.rows["invoices"]]
    assert places == [(1 + len(INVOICES), len(INVOICE) + 11), (len(content) - len(OTHER) - 4, len(OTHER))]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["LF", "CRLF", "none"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
@pytest.mark.parametrize("name", ["f.csv", "f.csv.gz"])
def test_f08_f10_line_ends_and_marks_of_csv(tmp_path: Path, end: bytes, mark: bytes, name: str) -> None:
    content = mark + INVOICES + INVOICE[:-1] + end
    found = read(tmp_path, "invoice_csv", content, name)
    assert (found.report.read, found.report.bytes_decoded) == (1, len(content))


UNREADABLE = {
    "F01 header only": (INVOICES, "E-FILE-EMPTY"),
    "F01 header and blank rows": (INVOICES + b"\n,,,,,,\n", "E-FILE-EMPTY"),
    "F01 blank rows only": (b"\n\n", "E-FILE-EMPTY"),
    "F03 cut last row": (INVOICES + INVOICE + OTHER[:20], "E-FILE-TRUNCATED 3"),
    "F10 carriage returns only": ((INVOICES + INVOICE).replace(b"\n", b"\r"), "E-CSV-SYNTAX 1"),
    "R13 quote never closed": (
        INVOICES + INVOICE + OTHER.replace(b"A-2", b'"A-2') + INVOICE,
        "E-CSV-SYNTAX 3",
    ),
    "R13 stray quote": (INVOICES + INVOICE.replace(b"A-1", b'"A"1'), "E-CSV-SYNTAX 2"),
    "R13 missing column": (INVOICES.replace(b"BilledCost", b"Cost") + INVOICE, "E-CSV-HEADER 1 BilledCost"),
    "R13 column in another case": (INVOICES.lower() + INVOICE, "E-CSV-HEADER 1 InvoiceIssuerName"),
    "R13 missing header": (INVOICE + OTHER, "E-CSV-HEADER 1 InvoiceIssuerName"),
    "R13 duplicate header": (INVOICES[:-1] + b",BilledCost\n" + INVOICE, "E-CSV-HEADER 1 BilledCost"),
    "R13 preamble": (b"Invoices of July\n" + INVOICES + INVOICE, "E-CSV-HEADER 1 InvoiceIssuerName"),
    "R13 semicolons": (INVOICES.replace(b",", b";") + INVOICE, "E-CSV-HEADER 1 InvoiceIssuerName"),
    "F08 UTF-16 without a mark": (
        (INVOICES + INVOICE).decode().encode("utf-16-le"),
        "E-CSV-HEADER 1 InvoiceIssuerName",
    ),
    "R04 every row bad": (INVOICES + INVOICE.replace(b"12.34", b"12 USD"), "E-FILE-FORMAT 2 BilledCost"),
    "F07 long line": (INVOICES + b"x" * (65 * 10**6) + b"\n" + INVOICE, "E-CSV-SYNTAX 2"),
}


@pytest.mark.parametrize(("content", "error"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_table_that_cannot_be_read(tmp_path: Path, content: bytes, error: str) -> None:
    assert refused(tmp_path, "invoice_csv", content) == error


def test_a_header_of_a_million_columns_takes_linear_time(tmp_path: Path) -> None:
    header = INVOICES[:-1] + b"".join(b",c%d" % number for number in range(1_000_000)) + b"\n"
    assert refused(tmp_path, "invoice_csv", header) == "E-FILE-EMPTY"


# bucket_pages

USAGE: Any = json.loads((SAMPLES / "openai_usage_completions.json").read_text())
BUCKET = next(bucket for bucket in USAGE["data"] if bucket["results"])


def pages(*found: Any) -> bytes:
    return json.dumps(found[0] if len(found) == 1 else found).encode()


def test_results_of_a_page_and_of_a_list_of_pages(tmp_path: Path) -> None:
    one = read(tmp_path / "plain", "openai_usage_completions", pages(USAGE))
    both = read(tmp_path, "openai_usage_completions", pages({**USAGE, "has_more": True}, USAGE))
    assert both.report.read == 2 * one.report.read > 0
    assert len(both.report.more_after) == 1
    assert both.report.spans == one.report.spans


def test_an_empty_bucket_is_blank_and_covers_its_time(tmp_path: Path) -> None:
    found = read(tmp_path, "openai_usage_completions", pages({"data": [{**BUCKET, "results": []}]}))
    assert (found.report.records, found.report.blank, len(found.report.spans)) == (1, 1, 1)


def test_a_bad_result_is_set_aside_with_its_place(tmp_path: Path) -> None:
    results = [*BUCKET["results"], 7, {**BUCKET["results"][0], "input_tokens": "12"}]
    found = read(tmp_path, "openai_usage_completions", pages({"data": [{**BUCKET, "results": results}]}))
    places = [(row["place"], row["rule"], row["field"]) for row in found.rows["rejects"]]
    first = len(BUCKET["results"])
    assert places == [
        (f"page 1, data[0].results[{first}]", "E-JSON-OBJECT", "(record)"),
        (f"page 1, data[0].results[{first + 1}]", "E-FIELD-TYPE", "input_tokens"),
    ]


NO_PAGES: dict[str, tuple[bytes, str]] = {
    "data is null": (pages({**USAGE, "data": None}), "E-PAGE-SHAPE"),
    "no data": (pages({"object": "page"}), "E-PAGE-SHAPE"),
    "an error of the API": (pages({"error": {"message": "x"}}), "E-PAGE-SHAPE"),
    "a page that is text": (pages(USAGE, "x"), "E-PAGE-SHAPE"),
    "data is empty": (pages({**USAGE, "data": []}), "E-FILE-EMPTY"),
    "no pages": (b"[]", "E-FILE-EMPTY"),
    "a bucket that is text": (pages({"data": ["x"]}), "E-PAGE-SHAPE page 1, data[0]"),
    "results is null": (
        pages({"data": [BUCKET, {**BUCKET, "results": None}]}),
        "E-PAGE-SHAPE page 1, data[1]",
    ),
    "no start": (pages({"data": [{"results": []}]}), "E-PAGE-SHAPE page 1, data[0].start_time"),
    "no end": (pages({"data": [{**BUCKET, "end_time": None}]}), "E-PAGE-SHAPE page 1, data[0].end_time"),
    "milliseconds": (
        pages({"data": [{**BUCKET, "start_time": 1783123200000}]}),
        "E-PAGE-SHAPE page 1, data[0].start_time",
    ),
    "ends before it starts": (
        pages({"data": [{**BUCKET, "end_time": BUCKET["start_time"]}]}),
        "E-PAGE-SHAPE page 1, data[0].end_time",
    ),
    "has_more is text": (pages({**USAGE, "has_more": "false"}), "E-PAGE-SHAPE has_more"),
    "F03 cut": (pages(USAGE)[:-1], f"E-PAGE-SHAPE (record, character {len(pages(USAGE))})"),
    "R01 two documents": (pages(USAGE) * 2, f"E-PAGE-SHAPE (record, character {len(pages(USAGE)) + 1})"),
    "F09 Latin-1": (b'{"data": "\xe9"}', "E-PAGE-SHAPE (record, byte 11)"),
    "R02 duplicate key": (b'{"data": [], "data": []}', "E-PAGE-SHAPE (record)"),
}


@pytest.mark.parametrize(("content", "error"), NO_PAGES.values(), ids=NO_PAGES)
def test_a_document_that_is_no_page(tmp_path: Path, content: bytes, error: str) -> None:
    assert refused(tmp_path, "openai_usage_completions", content) == error


def test_f08_a_mark_before_a_document(tmp_path: Path) -> None:
    assert read(tmp_path, "openai_usage_completions", b"\xef\xbb\xbf" + pages(USAGE)).report.read


def test_f06_a_document_has_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_container, "MAX_DOCUMENT", 1000)
    assert refused(tmp_path, "openai_usage_completions", packed(pages(USAGE), "")) == "E-PAGE-SHAPE"
