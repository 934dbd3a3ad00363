"""The command `tickmark`: arguments in, exit code out.

Lives here: commands and exit codes. Heavy libraries are imported inside the commands, so that
`tickmark --help` answers at once. Does not live here: work (run.py) and looks (views.py).
"""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import click
import typer

from pipelines import specs_cli
from pipelines.pull.reports import PROVIDERS
from tickmark import __version__
from tickmark.errors import BadSpecError, TickmarkError, Where
from tickmark.months import Month, parse_instant

COMPLETE, FLAGS, DRAFT, ALERT_FAILED, STOPPED = 0, 3, 4, 8, 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Tickmark proves LLM bills: every cent of the invoice is recounted, re-priced and tied to a cause.",
)
app.add_typer(specs_cli.app, name="specs")
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", "-H", envvar="TICKMARK_HOME", help="The home; default: $TICKMARK_HOME, else here."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]


def main() -> None:
    """Run a command and exit with the code of the contract (docs/operations.md)."""
    os.umask(0o077)
    try:
        code = app(standalone_mode=False)
        if code == STOPPED:  # typer's answer to an interrupt
            typer.echo("stopped; what is published stays whole: run it again", err=True)
    except TickmarkError as error:
        typer.echo(str(error), err=True)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    sys.exit(code or COMPLETE)


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    """Options of the program itself."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; must be empty or new.")],
) -> int:
    """Make a home: tickmark.yaml, policy.yaml, landing/, rate_cards/, each explained."""
    from pipelines import homes

    homes.make(folder)
    typer.echo(f"{folder}: put deliveries into landing/, then `tickmark close MONTH --home {folder}`")
    return COMPLETE


@app.command()
def demo(json: JsonOption = False, quiet: QuietOption = False) -> int:
    """Close a simulated month with known faults in a temporary home, and say where the report is."""
    from pipelines import homes

    home = homes.demo()
    code = _close(homes.DEMO_MONTH, home, None, json=json, quiet=quiet)
    if not (json or quiet):
        typer.echo(f"The demo's home: {home}\nThe faults it contains: {home / 'TRUTH.md'}")
    return code


@app.command()
def close(
    month: Annotated[str, typer.Argument(help="Billing month, like 2026-10.")],
    home: HomeOption = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Close the month to this UTC instant, as a DRAFT.")
    ] = None,
    fail_on_flags: Annotated[
        bool, typer.Option("--fail-on-flags", help="Exit 3 when a red flag fired.")
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Close a month: read, count, reconcile, flag, publish, alert."""
    return _close(month, home, as_of, json=json, quiet=quiet, fail_on_flags=fail_on_flags)


def _close(
    month: str, home: Path | None, as_of: str | None, *, json: bool, quiet: bool, fail_on_flags: bool = False
) -> int:
    wanted, until = _month(month), _instant(as_of)
    from pipelines import run, views
    from tickmark.home import Home

    opened = Home(home or Path())
    with views.progress(f"closing {month}", quiet=quiet or json) as progress:
        closed = run.close_month(opened, wanted, until, progress)
    summary = views.summary(opened, closed)
    views.show(summary, as_json=json, quiet=quiet)
    if closed.alerts_failed:
        return ALERT_FAILED
    if closed.version.is_draft:
        return DRAFT
    return FLAGS if fail_on_flags and summary["red_flags"] else COMPLETE


@app.command()
def pull(
    provider: Annotated[
        str,
        typer.Argument(metavar="PROVIDER", click_type=click.Choice(list(PROVIDERS))),
    ],
    month: Annotated[str, typer.Option("--month", help="Billing month, like 2026-10.")],
    account: Annotated[
        str, typer.Option(help="The account of tickmark.yaml that the key opens.")
    ] = "default",
    home: HomeOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Fetch a provider's usage and cost pages of a month into landing/bills/, each as it came."""
    wanted = _month(month)
    from pipelines import resources, views
    from pipelines.pull import shown
    from pipelines.pull.caller import Caller, find_key
    from pipelines.pull.month import Pull
    from tickmark.home import Home

    opened = Home(home or Path())
    asked = PROVIDERS[provider]
    caller = Caller(asked, find_key(asked, resources.secret), resources.utc_now)
    with views.progress(f"pulling {provider} {month}", quiet=quiet or json) as progress:
        asking = Pull(opened, caller, account, wanted, resources.utc_now(), progress)
        pulled = asking.run()
    if json or not quiet:
        shown.show(asking, pulled, as_json=json)
    return COMPLETE


@app.command()
def status(home: HomeOption = None, json: JsonOption = False) -> int:
    """Months, versions, open breaks, red flags, age of each source; exit 4 when the last close is too old."""
    from pipelines import listings, resources
    from tickmark.home import Home

    state = listings.status(Home(home or Path()), resources.utc_now())
    listings.show_status(state, as_json=json)
    return DRAFT if state["too_old"] else COMPLETE


@app.command()
def parity(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Recorded exchanges, one JSON object a line.")
    ],
    out: Annotated[Path, typer.Option(help="Where the table is stored.")] = Path("tokenizer_parity.csv"),
    home: HomeOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Our counts against the provider's meter on recorded exchanges: print and store the parity table."""
    from pipelines import listings, views

    with views.progress("counting", quiet=quiet or json) as progress:
        rows = listings.parity(files, home, progress)
    listings.show_parity(rows, out, as_json=json, quiet=quiet)
    return COMPLETE


@app.command()
def formats(
    name: Annotated[str | None, typer.Argument(help="Explain one format.")] = None, json: JsonOption = False
) -> int:
    """Formats Tickmark reads, and how far each was checked against real files."""
    from pipelines import listings

    listings.show_formats(name, as_json=json)
    return COMPLETE


@app.command("map")
def map_(
    mapping: Annotated[
        Path | None, typer.Argument(metavar="MAPPING", help="A mapping file: its name is the format's name.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help="Show how this file would load.")
    ] = None,
    draft: Annotated[
        Path | None, typer.Option("--draft", metavar="FILE", help="Print a mapping to start from.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows to show.")] = 3,
    json: JsonOption = False,
) -> int:
    """Your own format as data: check a mapping, and show how a file would load through it."""
    from pipelines import mapping_check

    if draft is not None:
        mapping_check.draft(draft)
        return COMPLETE
    if mapping is None:
        raise BadSpecError(
            "E-MAP-USAGE",
            "a mapping file, or --draft FILE",
            where=Where("command line", field="MAPPING"),
            repair="tickmark map mappings/mine.yaml --check landing/gateways/mine.jsonl",
        )
    found = mapping_check.run(mapping, check, rows)
    mapping_check.show(found, as_json=json)
    return DRAFT if found["records"]["quarantined"] else COMPLETE


@app.command()
def doctor(home: HomeOption = None, json: JsonOption = False) -> int:
    """Check configuration, permissions, disk, tokenizers and versions; exit 7 where something is broken."""
    from pipelines import checkup

    return checkup.run(home or Path(), as_json=json)


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as error:
        raise BadSpecError(
            "E-MONTH", str(error), where=Where("command line", field="MONTH"), repair="tickmark close 2026-10"
        ) from None


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_instant(text if "T" in text or " " in text else f"{text}T00:00:00Z")
    except ValueError as error:
        raise BadSpecError(
            "E-AS-OF",
            str(error),
            where=Where("command line", field="--as-of"),
            repair="--as-of 2026-10-15T00:00:00Z",
        ) from None
