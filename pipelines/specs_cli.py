"""The commands `tickmark specs ...`: check a spec, fetch vocabularies, see what it would change, size a gap.

Lives here: arguments, and printing what tickmark/ found. Heavy libraries are imported inside the commands.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickmark.errors import InputRejectedError, Where

if TYPE_CHECKING:
    from tickmark.home import Home
    from tickmark.specdiff import Change

app = typer.Typer(no_args_is_help=True, help="Tokenizer specs: yours beside those that are shipped.")
SpecFileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A spec, named PROVIDER.yaml.")]
HomeOption = Annotated[
    Path,
    typer.Option("--home", "-H", envvar="TICKMARK_HOME", help="The home; it keeps fetched vocabularies."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]


@app.command()
def check(file: SpecFileArgument, home: HomeOption = Path(), json: JsonOption = False) -> None:
    """Check a spec: fields, overlaps, vocabulary bytes and golden counts; exit 2 or 9 where it is wrong."""
    from pipelines import resources, views
    from tickmark import strictyaml, tokenizers
    from tickmark.specs import SpecFile

    own = strictyaml.load_as(file, file.name, SpecFile)
    book = resources.spec_book(home, file)
    used = {rule.vocabulary for rule in own.rules if rule.vocabulary} | set(own.vocabularies)
    for name in sorted(used):
        tokenizers.load(book.vocabularies[name])
    golden = sum(len(book.vocabularies[name].source.golden.counts) for name in used)
    said = {"file": file.name, "rules": len(own.rules), "vocabularies": sorted(used), "golden_counts": golden}
    if json:
        views.as_document(said)
    else:
        typer.echo(
            f"{file.name}: {len(own.rules)} rules, {len(used)} vocabularies, {golden} golden counts agree"
        )


@app.command()
def fetch(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Specs; default: the home's own and the shipped ones."),
    ] = None,
    home: HomeOption = Path(),
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Fetch vocabularies that specs name by hub revision into the home; the only command that asks a hub."""
    from pipelines import resources, views
    from pipelines.pull.hub import PATIENCE, Hub
    from pipelines.pull.shown import show_fetched
    from pipelines.pull.tries import Tries
    from tickmark.home import Home
    from tickmark.monthrun import locked

    opened = Home(home)
    named = resources.spec_book(opened.folder, *(files or opened.own_specs)).vocabularies.values()
    wanted = [each for each in named if each.source.hub and (not files or each.folder / each.file in files)]
    hub = Hub(resources.hub_settings(), Tries(PATIENCE, resources.utc_now))
    with locked(opened), views.progress("fetching", quiet=quiet or json) as progress:
        found = list(hub.fetch(wanted, progress))
    show_fetched(found, as_json=json, quiet=quiet)
    return max((each.error.exit_code for each in found if each.error), default=0)


@app.command()
def diff(
    file: SpecFileArgument,
    exchanges: Annotated[list[Path], typer.Argument(metavar="EXCHANGES...", help="Recorded exchanges.")],
    home: HomeOption = Path(),
    json: JsonOption = False,
) -> None:
    """What a spec would change in the counts of recorded exchanges, beside what was billed."""
    from pipelines import resources, views
    from tickmark import recordings, specdiff

    before, after = resources.spec_book(home), resources.spec_book(home, file)
    changes = specdiff.compare(recordings.read(exchanges, lambda _: None), before, after)
    if json:
        views.as_document([asdict(change) for change in changes])
        return
    head = ["model", "operation", "shape", "requests", "billed", "spec", "counted", "exact", "tokens"]
    body = [line for change in changes for line in _change(change)]
    views.OUT.print(views.table(head, body, right=(3, 4, 6, 7, 8)) if body else "nothing would change")


def _change(change: "Change") -> list[list[object]]:
    named: list[object] = [change.model or "-", change.operation, change.shape]
    named += [change.requests, change.tokens_billed]
    lines: list[list[object]] = []
    for side in (change.before, change.after):
        counted = [side.requests_counted, side.requests_exact, side.tokens]
        lines.append([*(named if side is change.before else [""] * 5), side.spec or "none", *counted])
    return lines


@app.command()
def gap(
    month: Annotated[str, typer.Argument(help="A closed month whose texts are still kept.")],
    file: Annotated[Path, typer.Option("--spec", help="A spec with a runtime and a billing rule.")],
    home: HomeOption = Path(),
    json: JsonOption = False,
) -> None:
    """How far billing counts lie above runtime counts on the month's texts, and what causes it.

    Each text weighs as often as it was billed; the gap with each text once stands beside it.
    """
    from pipelines import resources, views
    from tickmark import gap as gaps
    from tickmark.home import Home
    from tickmark.tokenizers import Counters

    book, (texts, uses) = resources.spec_book(home, file), _texts(Home(home), month)
    counters = Counters(book.vocabularies)
    found = []
    for runtime, billing in book.pairs():
        read, billed = (counters[spec.counts.vocabulary] for spec in (runtime, billing) if spec.counts)
        measured = gaps.measure(texts, uses, read, billed)
        found.append({"runtime": runtime.name, "billing": billing.name, **asdict(measured)})
    if json:
        views.as_document(found)
        return
    for each in found:
        typer.echo(
            f"{each['runtime']} to {each['billing']}: {each['tokens_runtime']} to"
            f" {each['tokens_billing']} tokens ({100 * each['share']:+.2f} %) in {each['uses']} uses"
            f" of {each['texts']} texts ({100 * each['share_unique']:+.2f} % with each once),"
            f" features explain {100 * each['explained']:.1f} %"
        )
        head = ["feature", "occurrences", "tokens each", "tokens", "of the gap", "examples"]
        body = [_cause(cause) for cause in each["causes"]]
        views.OUT.print(views.table(head, body, right=range(1, 5)))


@app.command()
def calibrate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recorded exchanges.")],
    home: HomeOption = Path(),
    json: JsonOption = False,
) -> None:
    """Fit every calibrated spec on half of the recorded requests and test it on the other half."""
    from pipelines import resources, views
    from tickmark import calibration

    found = calibration.measure(files, resources.spec_book(home), lambda _: None)
    if json:
        dumped = [row.calibration and row.calibration.model_dump(mode="json") for row in found]
        views.as_document(
            [asdict(row) | {"calibration": band} for row, band in zip(found, dumped, strict=True)]
        )
        return
    head = ["spec", "shape", "fitted", "blind", "held rows", "held requests", "width", "per token", "band"]
    body = []
    for row in found:
        fit = row.calibration
        figures = [row.held_rows, row.held_requests, row.band_share]
        shown = ["-" if figure is None else f"{100 * figure:.1f} %" for figure in figures]
        band = "too few" if fit is None else f"{100 * fit.band_low:+.1f} … {100 * fit.band_high:+.1f} %"
        counts = [f"{row.rows_fitted} ({row.requests_fitted})", f"{row.rows_blind} ({row.requests_blind})"]
        factors = "-" if fit is None else " ".join(str(factor) for factor in fit.per_token.values())
        body.append([row.spec, row.shape, *counts, *shown, factors, band])
    views.OUT.print(views.table(head, body, right=range(2, 8)))


def _cause(cause: dict[str, Any]) -> list[object]:
    examples = " ".join(key[:12] for key in cause["examples"])
    figures = [f"{cause['tokens_each']:+.2f}", cause["tokens"], f"{100 * cause['share']:.1f} %"]
    return [cause["feature"], cause["occurrences"], *figures, examples]


def _texts(home: "Home", month: str) -> tuple[dict[str, str], dict[str, int]]:
    """The month's unique texts by keyed hash, and how often each was billed.

    Raises InputRejectedError where none are kept. Months closed by an older version know no uses.
    """
    import pyarrow.parquet as pq

    folder = home.private / "text" / month
    found: dict[str, dict[str, Any]] = {"text": {}, "uses": {}}
    for path in sorted([*folder.glob("*.parquet"), *folder.glob("uses/*.parquet")]):
        column = "text" if path.parent == folder else "uses"
        rows = pq.read_table(path, columns=["segment", column])
        keys = (key.hex() for key in rows.column("segment").to_pylist())
        found[column].update(zip(keys, rows.column(column).to_pylist(), strict=True))
    if not found["text"]:
        raise InputRejectedError(
            "E-TEXT-MISSING",
            "texts of a month that was closed within `text.retain_days`",
            where=Where(f"private/text/{month}"),
            repair="close the month again while its deliveries are there",
        )
    return found["text"], found["uses"]
