"""The page itself: one template, one style sheet, nothing from outside.

Lives here: what the template is given, and the policy that forbids the page everything else.
Does not live here: figures (sections, bridge, verdict) and layout (page.html.j2, page.css).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from decimal import localcontext
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tickmark import __version__
from tickmark.reportpage import bridge, bridge_picture, display, sections, verdict
from tickmark.reportpage.tables import total

_DIGITS = 76
"""Sums of DECIMAL(38,18) stay exact."""


def render(
    tables: Mapping[str, Sequence[Mapping[str, object]]],
    month: str,
    version: int,
    is_draft: bool,  # noqa: FBT001 - the contract with assets/report.py
    manifest_sha256: str,
) -> str:
    """The month as one self-contained HTML page: same tables, same bytes.

    `tables` maps each table of `sql/report/_tables.sql` to its rows of the month, `month` is like
    '2026-10'. Money is shown in USD and rounded for the eye only; raises KeyError for a missing table.
    """
    with localcontext(prec=_DIGITS):
        bridges = bridge.bridges(tables)
        return (
            _environment()
            .get_template("page.html.j2")
            .render(
                style_hash=_style_hash(),
                tables=tables,
                month=month,
                version=version,
                is_draft=is_draft,
                manifest_sha256=manifest_sha256,
                tickmark_version=__version__,
                bridges=bridges,
                verdict=verdict.verdict(tables, bridges, month, is_draft=is_draft),
            )
        )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for module_filter in (
        display.usd,
        display.price,
        display.count,
        display.percent,
        display.name,
        display.shortened,
        display.visible,
        display.capital,
        display.words,
        display.exactness,
        display.month_name,
        display.noun,
    ):
        environment.filters[module_filter.__name__] = module_filter
    environment.globals.update(
        sections=sections,
        total=total,
        figure=display.figure,
        picture=bridge_picture.picture,
        described=bridge_picture.described,
    )
    return environment


def _style_hash() -> str:
    style = _environment().get_template("page.css").render()
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
