"""Word 1, ingest: what did each side deliver, and is every record accounted for?

Lives here: the landing (Python reads files) and the rate book (Python knows the catalogue);
everything between them is `sql/ingest/`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

from assets._contracts import contract_checks
from assets._sql import asset_spec, key, selects, sql_asset
from tickmark import lake, providers
from tickmark.intake import manifests, sources
from tickmark.intake.reader import FileReport
from tickmark.intake.tables import SCHEMAS, record_table
from tickmark.monthrun import MonthRun
from tickmark.prices import Priced, RateCard, load_rate_card, rate_book, refuse_overlaps
from tickmark.records import RateRow
from tickmark.warehouse import qualified

_LANDED = (
    "ingest.landed_files",
    "ingest.close",
    "ingest.policy",
    "ingest.model_aliases",
    "ingest.coverage",
    "ingest.source_fields",
    "ingest.source_fields_before",
)


@dg.multi_asset(
    name="ingest__landing",
    specs=[
        asset_spec(
            "ingest.landed_files",
            "Every delivered file, read strictly in a limited child.",
            [],
            "1",
            {"python"},
        ),
        asset_spec("ingest.close", "The month that is closed.", [], "1", {"python"}),
        asset_spec("ingest.policy", "Every threshold of policy.yaml.", [], "1", {"python"}),
        asset_spec("ingest.model_aliases", "What bills call the models of our logs.", [], "1", {"python"}),
        asset_spec(
            "ingest.coverage", "Which time the buckets of an export speak about.", [], "1", {"python"}
        ),
        asset_spec(
            "ingest.source_fields", "Which fields the records of each source have.", [], "1", {"python"}
        ),
        asset_spec(
            "ingest.source_fields_before", "The same of the month before, from the lake.", [], "1", {"python"}
        ),
    ],
)
def landing(close: dg.ResourceParam[MonthRun]) -> Iterator[dg.MaterializeResult[None]]:
    # A wrong contract is said before the files are read, not after.
    _cards(close)
    close.reset()
    landed = sources.find(close.home, str(close.month))
    home = close.home
    staging = sources.Staging(
        close.staging, close.specs, home.own_specs, home.vocabularies, home.mappings, close.text_key()
    )
    reports = sources.read_all(landed, staging, close.progress)
    listed = manifests.check(close.home, str(close.month), reports)
    _stage(close)
    rows = {
        "ingest.landed_files": _landed_files(landed, reports, listed),
        "ingest.close": pa.table(
            {
                "month": [str(close.month)],
                "month_start": [close.month.start],
                "month_end": [close.month.end],
                "as_of": [close.as_of],
            }
        ),
        "ingest.policy": _policy(close),
        "ingest.model_aliases": _model_aliases(close),
        "ingest.coverage": _coverage(reports),
        "ingest.source_fields": _source_fields(reports),
        "ingest.source_fields_before": _fields_before(close),
    }
    for table in _LANDED:
        yield _fill(close, table, rows[table])


def _stage(close: MonthRun) -> None:
    """Staged rows stay in Parquet: a view per table, or an empty table where nothing was read."""
    with close.warehouse.connect() as database:
        for table, schema in SCHEMAS.items():
            files = sorted(str(path) for path in (close.staging / table).glob("*.parquet"))
            if files:
                database.read_parquet(files).create_view("staged_" + table)
                database.execute("create view staged." + table + " as from main.staged_" + table)
            else:
                database.register("nothing", schema.empty_table())
                database.execute("create table staged." + table + " as from nothing")
                database.unregister("nothing")


def _fill(close: MonthRun, table: str, rows: pa.Table) -> dg.MaterializeResult[None]:
    with close.warehouse.filling(table) as database:
        database.register("filling", rows)
        database.execute("insert into " + qualified(table) + " by name from filling")
    return dg.MaterializeResult(key(table), metadata={"dagster/row_count": rows.num_rows})


def _landed_files(landed: list[sources.Landed], reports: list[FileReport], listed: set[int]) -> pa.Table:
    seen: set[tuple[str, str]] = set()
    rows = []
    for file, report in zip(landed, reports, strict=True):
        identity = (report.source, report.sha256)
        rows.append(
            {
                "file_no": report.file_no,
                "source": report.source,
                "side": file.side,
                "required": file.source.required,
                "format": report.format,
                "file": report.file,
                "sha256": report.sha256,
                "bytes_delivered": report.bytes_delivered,
                "bytes_decoded": report.bytes_decoded,
                "records": report.records,
                "records_read": report.read,
                "records_quarantined": report.quarantined,
                "records_not_usage": report.not_usage,
                "records_blank": report.blank,
                "is_in_manifest": report.file_no in listed,
                "already_seen": identity in seen,
            }
        )
        seen.add(identity)
    return pa.Table.from_pylist(rows)


def _policy(close: MonthRun) -> pa.Table:
    names, values = zip(*close.home.policy.figures(), strict=True)
    return pa.table({"name": pa.array(names), "value": pa.array(values, pa.decimal128(24, 6))})


def _model_aliases(close: MonthRun) -> pa.Table:
    names = {
        (providers.by_name(provider), billed_as): model
        for provider, models in close.home.config.model_aliases.items()
        for billed_as, model in models.items()
    }
    rows = [(*billed, model) for billed, model in sorted(names.items())]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            name: pa.array(column, pa.string())
            for name, column in zip(("provider", "billed_as", "model"), columns, strict=True)
        }
    )


def _coverage(reports: list[FileReport]) -> pa.Table:
    spans = [
        (report, datetime.fromisoformat(start), datetime.fromisoformat(end))
        for report in reports
        for start, end in report.spans
    ]
    return pa.table(
        {
            "file_no": pa.array([report.file_no for report, _, _ in spans], pa.int64()),
            "source": pa.array([report.source for report, _, _ in spans], pa.string()),
            "covers_from": pa.array(
                [start.astimezone(UTC) for _, start, _ in spans], pa.timestamp("us", tz="UTC")
            ),
            "covers_to": pa.array([end.astimezone(UTC) for _, _, end in spans], pa.timestamp("us", tz="UTC")),
        }
    )


_FIELDS = pa.schema([(name, pa.string()) for name in ("source", "field", "kinds")])


def _source_fields(reports: list[FileReport]) -> pa.Table:
    found: dict[tuple[str, str], set[str]] = {}
    for report in reports:
        for name, kinds in report.fields.items():
            found.setdefault((report.source, name), set()).update(kinds)
    rows = [
        {"source": source, "field": name, "kinds": ", ".join(sorted(kinds))}
        for (source, name), kinds in sorted(found.items())
    ]
    return pa.Table.from_pylist(rows, _FIELDS)


def _fields_before(close: MonthRun) -> pa.Table:
    """Fields of the month before, where it was closed by a version that noted them."""
    before = lake.current(close.home.lake, str(close.month.previous()))
    noted = None if before is None else before.table("ingest.source_fields")
    if noted is None or not noted.is_file():
        return _FIELDS.empty_table()
    return pq.read_table(noted, columns=_FIELDS.names)


@dg.multi_asset(
    name="ingest__rate_book",
    specs=[
        asset_spec(
            "ingest.rate_book",
            "List prices of genai-prices with the contract's rows on top, for every scope of the month.",
            [key("ingest.priced_scopes")],
            "1",
            {"python"},
        )
    ],
)
def rates(close: dg.ResourceParam[MonthRun]) -> dg.MaterializeResult[None]:
    close.progress("ingest.rate_book")
    with close.warehouse.connect() as database:
        scopes = database.execute("select provider, model, service_tier from ingest.priced_scopes").fetchall()
    book = rate_book([Priced(*scope) for scope in scopes], _cards(close), close.month.start, close.month.end)
    return _fill(close, "ingest.rate_book", record_table(RateRow, book))


def _cards(close: MonthRun) -> list[RateCard]:
    """The home's contracts; raise BadSpecError where one is wrong or two hold at the same time."""
    cards = [load_rate_card(path) for path in sorted(close.home.folder.glob(close.home.config.contracts))]
    refuse_overlaps(cards)
    return cards


ASSETS = [landing, rates, *(sql_asset(path) for path in selects("ingest"))]
CHECKS = contract_checks()
