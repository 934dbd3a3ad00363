"""Writes docs/parity.md, the published parity table: `.venv/bin/python docs/parity.py FILE...`.

Lives here: how the page looks. Its figures are those of `tickmark parity FILE...`, summed over models and
months.
"""  # noqa: INP001 - a script beside the page it writes

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tickmark.parity import ParityRow, measure_files
from tickmark.specbook import SpecBook

PAGE = Path(__file__).with_name("parity.md")
SPECS = PAGE.parents[1] / "tokenizer_specs"
HEAD = """\
# Parity: our count against the provider's meter

Generated from recorded exchanges by `.venv/bin/python docs/parity.py FILE...`; do not edit. The figures are
those of `tickmark parity FILE...`, which also names models, months and an example of each miss: run it on
exchanges of your own.

The exchanges behind this page were recorded by the test suites of public projects: real requests, and the
input tokens that the provider's answer says were billed. No evidence, and left out: failures, edited or
scrubbed requests, answers made up, and recordings that a project rewrote when it was renamed (`REWRITTEN` in
`tickmark/parity.py`). A recording without a date is held only against rules that never changed.

- **Model family**: the rule of `tokenizer_specs/` that counts; it names its models and its evidence.
- **Shape**: the hardest to count of what a request carries: plain `text` · a `schema` for the answer ·
  `tools` offered · `tool_calls` and results in the history · `media` · `state` that only the provider holds.
- **Class**: what a count may be used for. `exact`: to the token, and a difference is a finding; claimed where
  at least 99.9 % of the requests agree. `exact_text`: near, because some part of the request was never seen
  on a bill, or on too few; the count is shown, and never held against a bill. `calibrated`: a closed
  tokenizer; an estimate with a band (`bands.md`), and **in band** is the share of bills inside it. `none`:
  not counted.
- **Output** is what was billed without reasoning, held against the answer's texts and calls and what ends
  them (`answers` in `tokenizer_specs/`). OpenAI's chats billed the end of an answer only from 2025-01-10 to
  2025-05-15, its responses, Azure and Mistral always do; one token more where tools are offered. A call
  costs its function's name (`functions.` before it), its arguments and 6 tokens, or its arguments alone
  where it had to be made. Several calls are one call of a wrapper, and so are lone ones whose arguments
  come with spaces; the responses interface does not show which. What may be billed and is not shown (that
  wrapper, a stop sequence that was met, what rounding leaves of reasoning) makes the answer `calibrated`: the
  count is what the log shows, the band goes up to the most that may be on top, and no answer lies outside it.
  `openai_rendering.md` says more; `tests/recount/test_parity.py` holds the figures.
- **Variance**: tokens billed minus tokens counted, least and most. Shares are rounded down.

Llama's vocabularies are optional (`pip install 'tickmark[llama]'`), so the table does not count them. With
them 1,448 of 1,452 requests on ten hosts agree to the token (2026-11-21; `HOSTED_LLAMA` in
`tests/recount/test_parity.py`).

Images (shape `media`): `images.md`. Public recordings hold them as hashes; their sizes were read elsewhere.

Such a table proves less than it seems where a rule was made from the exchanges it is tested on. That is so
for OpenAI's tools, past calls and schemas, whose rendering nobody documents: `openai_rendering.md` says what
was known before the test half was opened, and what was corrected after.
Mistral's tools and calls are written as its own library writes them; which of its versions was in use when,
and what a forced function adds, was read from one half of the requests; all 204 of the other half agree.
DeepSeek's and Qwen's are written as their makers published it, in chat templates and encoders. What departs
from those (a line end that V3.1 leaves out, keys that Qwen sorts, no blank line without a system text) and
what a choice adds was read from all recordings at once, so no half is blind: one text for each fits all 19
sets of tools.
"""

COUNTED = (
    *("provider", "operation", "model family", "shape", "class"),
    *("requests", "exact", "within 2", "in band", "variance", "months"),
)
REFUSED = ("provider", "operation", "shapes", "requests", "why")

Group = tuple[str, ...]


def page(rows: Iterable[ParityRow]) -> str:
    """The page for these rows."""
    directions: dict[str, list[ParityRow]] = {"input": [], "output": []}
    for row in rows:
        directions[row.direction].append(row)
    parts = [part for name, found in directions.items() for part in _direction(name, found)]
    return "\n".join([HEAD, *parts])


def _direction(name: str, rows: Iterable[ParityRow]) -> Iterator[str]:
    counted: defaultdict[Group, list[ParityRow]] = defaultdict(list)
    refused: defaultdict[Group, list[ParityRow]] = defaultdict(list)
    for row in rows:
        if row.rows_exact is None:
            refused[row.provider, row.operation, row.reason or ""].append(row)
        else:
            family = (row.spec or "").partition("/")[2]
            counted[row.provider, row.operation, family, row.shape, row.exactness].append(row)
    yield f"## {name.title()}\n"
    yield from _counted(counted)
    yield ""
    yield from _refused(refused)
    yield ""


def _counted(groups: dict[Group, list[ParityRow]]) -> Iterator[str]:
    yield "### Counted\n"
    yield _line(*COUNTED)
    yield _line(*["---"] * len(COUNTED))
    for group, rows in sorted(groups.items()):
        whole = sum(row.rows for row in rows)
        exact = _share(sum(row.rows_exact or 0 for row in rows), whole)
        near = _share(sum(row.rows_within_2 or 0 for row in rows), whole)
        least = min(row.tokens_variance_min or 0 for row in rows)
        most = max(row.tokens_variance_max or 0 for row in rows)
        variance = f"{least:+d} … {most:+d}" if least or most else "0"
        band = _share(sum(row.rows_in_band or 0 for row in rows), whole)
        yield _line(*group, whole, exact, near, band, variance, _months(rows))


def _refused(groups: dict[Group, list[ParityRow]]) -> Iterator[str]:
    yield "### Not counted\n"
    yield _line(*REFUSED)
    yield _line(*["---"] * len(REFUSED))
    for (provider, operation, reason), rows in sorted(groups.items()):
        shapes = ", ".join(sorted({row.shape for row in rows}))
        yield _line(provider, operation, shapes, sum(row.rows for row in rows), reason)


def _line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _share(part: int, whole: int) -> str:
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def _months(rows: Sequence[ParityRow]) -> str:
    first, last = min(row.month for row in rows), max(row.month for row in rows)
    return first if first == last else f"{first} … {last}"


if __name__ == "__main__":
    PAGE.write_text(page(measure_files(map(Path, sys.argv[1:]), SpecBook(SPECS), lambda _: None)), "utf-8")
