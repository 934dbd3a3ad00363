"""What a pull or a fetch says: its reports or vocabularies on a terminal, or one JSON document.

Lives here: words and columns. Does not live here: any figure of its own.
"""

from collections.abc import Sequence
from dataclasses import asdict

import typer
from rich.console import Console
from rich.text import Text

from pipelines import views
from pipelines.pull.hub import Fetched
from pipelines.pull.month import Pull, Pulled

WIDTH = 160


def show(pull: Pull, pulled: Sequence[Pulled], *, as_json: bool) -> None:
    """Print a pull."""
    if as_json:
        views.as_document(_document(pull, pulled))
        return
    whole = (
        "the whole month" if pull.until == pull.month.end else f"complete days before {pull.until:%Y-%m-%d}"
    )
    views.OUT.print(f"\n[bold]{pull.month} {pull.caller.provider.name}[/bold], {whole}")
    figures = ("pages", "bytes", "new", "changed", "unchanged", "removed")
    body = [
        [each.report, *(getattr(each.swap, name) for name in figures), each.source or "-"] for each in pulled
    ]
    drawn = views.table(["report", *figures, "read as"], body, right=range(1, 7))
    # Names are long: a narrow console would break them in the middle, and a pipe has no width at all.
    Console(width=max(views.OUT.width, WIDTH)).print(drawn)
    for each in pulled:
        if each.missing:
            dates = each.missing[0] if len(each.missing) == 1 else f"{each.missing[0]} to {each.missing[-1]}"
            said = f" {each.report}: {len(each.missing)} days without an answer, {dates}"
            views.OUT.print(Text.assemble(("missing", "yellow"), said), soft_wrap=True)
    views.OUT.print(Text(f"landing  {pull.folder}"), soft_wrap=True)


def show_fetched(found: Sequence[Fetched], *, as_json: bool, quiet: bool) -> None:
    """Print what a fetch brought; errors go to stderr, each with its repair."""
    for each in found:
        if each.error is not None:
            typer.echo(str(each.error), err=True)
    body = [_line(each) for each in found]
    if as_json:
        views.as_document([line | {"error": each.error} for line, each in zip(body, found, strict=True)])
    elif not found and not quiet:
        views.OUT.print("no spec names a vocabulary by hub revision")
    elif any(each.error is None for each in found) and not quiet:
        drawn = views.table(list(body[0]), [list(line.values()) for line in body], right=[4])
        Console(width=max(views.OUT.width, WIDTH)).print(drawn)


def _line(each: Fetched) -> dict[str, object]:
    hub = each.vocabulary.source.hub
    return {
        "vocabulary": each.vocabulary.name,
        "spec": each.vocabulary.file,
        "repo": hub and hub.repo,
        "revision": hub and hub.revision,
        "bytes": each.bytes,
        "outcome": each.outcome,
    }


def _document(pull: Pull, pulled: Sequence[Pulled]) -> dict[str, object]:
    return {
        "provider": pull.caller.provider.name,
        "account": pull.account,
        "month": str(pull.month),
        "until": pull.until,
        "landing": pull.folder,
        "reports": [{"report": each.report, **asdict(each.swap), **_rest(each)} for each in pulled],
    }


def _rest(each: Pulled) -> dict[str, object]:
    return {"missing": each.missing, "source": each.source}
