"""Writes docs/formats.md from the readers: what each format is, what it can prove, how far it was checked.

Lives here: how the page looks. What a format is stands in its module. Run `make docs` after adding one.
"""  # noqa: INP001 - a script beside the page it writes

from pathlib import Path
from typing import get_args

from tickmark.formats import Format, Shows
from tickmark.intake.reader import FORMATS

HEAD = """# Formats

Generated from the readers by `make docs`; do not edit. `tickmark formats NAME` prints what a format says of
itself: where it comes from, what one record means, retries, cached tokens, ids, zone, currency, quirks. A
gateway or document that is not here may be read through a mapping of your own: [mappings.md](mappings.md).

`real file`: read from records that the product itself wrote. `unverified`: built from documentation, schemas
or other people's parsers; no real file was at hand. `own format`: Tickmark's own.

{real} formats were checked against real files, {unverified} are unverified, {own} are our own.
"""
LOG = """
## What a log can show

A log without cache classes cannot prove a bill with cached tokens; one without text cannot be counted again.

"""
BILL = """
## What a provider's document holds

"""


def page() -> str:
    """`docs/formats.md`."""
    known = sorted(FORMATS.values(), key=lambda format_: format_.name)
    counted = {mark: sum(f.verified == said for f in known) for mark, said in MARKS.items()}
    logs = [format_ for format_ in known if format_.side == "gateway"]
    bills = [format_ for format_ in known if format_.side == "bill"]
    return HEAD.format(**counted) + LOG + _logs(logs) + BILL + _bills(bills)


MARKS = {"real": "real file", "unverified": "unverified", "own": "own format"}


def _logs(formats: list[Format]) -> str:
    shown = get_args(Shows)
    head = ["format", "what it is", "container", *shown, "checked"]
    body = [
        [
            f"`{f.name}`",
            f.summary,
            ", ".join(f.containers),
            *("yes" if s in f.shows else "" for s in shown),
            f.verified,
        ]
        for f in formats
    ]
    return _table(head, body)


def _bills(formats: list[Format]) -> str:
    head = ["format", "what it is", "container", "fills", "checked"]
    body = [
        [f"`{f.name}`", f.summary, ", ".join(f.containers), ", ".join(f.tables), f.verified] for f in formats
    ]
    return _table(head, body)


def _table(head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    Path(__file__).with_name("formats.md").write_text(page(), "utf-8")
