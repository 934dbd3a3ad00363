"""The page is one file that runs nothing, loads nothing and lets no name from data become markup."""

import base64
import hashlib
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from example_month import MANIFEST, MONTH, Row, Tables
from page_reader import Page, meta

from tickmark.reportpage import render

_PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover=alert(1) x='",
    "</style><style>*{display:none}",
    "{{ 7*7 }}{% include 'page.css' %}",
    "\u202e\u2066gnp.exe\u0000\u2028\ud800",
    "x" * 5000,
    "javascript:alert(1)",
    "]]></svg><foreignObject>",
)
_CODES = {"step", "cause_code", "token_class", "grade", "exactness", "status", "month"}


def _hostile(tables: Tables) -> Tables:
    """Every name of the month with a payload behind it; the codes that rules look at stay."""

    def infected(row: Row, number: int) -> Row:
        payload = _PAYLOADS[number % len(_PAYLOADS)]
        return {
            column: value + payload if isinstance(value, str) and column not in _CODES else value
            for column, value in row.items()
        }

    by_name = {
        name: [infected(row, number) for number, row in enumerate(rows)] for name, rows in tables.items()
    }
    # Bridges meet their close by name, so an account keeps one payload.
    for name in ("month_close", "variance_bridge"):
        by_name[name] = [infected(row, len(row["provider"])) for row in tables[name]]
    return by_name


def test_names_from_data_never_become_markup(draft_month: Tables) -> None:
    evil = render(_hostile(draft_month), MONTH, 2, True, MANIFEST)
    page, honest = Page(evil), Page(render(draft_month, MONTH, 2, True, MANIFEST))
    allowed = {tag for tag, _ in honest.elements}
    assert {tag for tag, _ in page.elements} == allowed
    assert len(page.all("img")) == len(honest.all("img"))
    assert len(page.all("style")) == 1
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in ("href", "srcdoc", "style")}
    assert not set("\u202e\u2066\u0000\u2028\ud800") & set(evil)
    assert "\\u202e" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "characters)" in page.text
    evil.encode("utf-8")


def test_pictures_of_hostile_names_hold_no_markup(draft_month: Tables) -> None:
    page = Page(render(_hostile(draft_month), MONTH, 2, True, MANIFEST))
    for image in page.all("img"):
        source = image["src"] or ""
        assert source.startswith("data:image/svg+xml;base64,")
        svg = base64.b64decode(source.split(",")[1]).decode()
        assert "<script" not in svg
        assert "<foreignObject" not in svg
        assert "href" not in svg


def test_the_policy_allows_the_style_sheet_and_nothing_else(html: str, page: Page) -> None:
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert meta(page, "Content-Security-Policy") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert {"name": "referrer", "content": "no-referrer"} in page.all("meta")
    assert not page.all("script")
    assert not page.all("link")
    markup = html
    for image in page.all("img"):
        markup = markup.replace(image["src"] or "", "")
    for word in ("http:", "https:", "//", "url(", "@import", "javascript:", " style="):
        assert word not in markup


def test_same_tables_same_bytes(month: Tables, draft_month: Tables, html: str) -> None:
    assert render(draft_month, MONTH, 3, True, MANIFEST) != html
    assert render(month, MONTH, 2, False, MANIFEST) == html


def test_a_crowded_month_is_cut_aloud_and_still_adds_up(month: Tables) -> None:
    close, bridge = month["month_close"][2], month["variance_bridge"][6]
    one = Decimal("0.25")
    crowd = [
        {
            **close,
            "provider": f"p{n}",
            "cost_usd_variance": 300 * one,
            "cost_usd_billed": close["cost_usd_expected"] + 300 * one,
        }
        for n in range(40)
    ]
    rows = [
        {**bridge, "provider": f"p{n}", "model": f"model-{m}", "cost_usd": one}
        for n in range(40)
        for m in range(300)
    ]
    spend = [{**month["spend_by_model"][0], "model": f"model-{m}", "cost_usd": one} for m in range(300)]
    tables = {**month, "month_close": crowd, "variance_bridge": rows, "spend_by_model": spend}
    html = render(tables, MONTH, 2, False, MANIFEST)
    page = Page(html)
    assert len(html) < 200_000
    *shown, more, total = page.column("Provider", 3)
    assert page.rows("Provider")[-2][0].text == "and 15 accounts more"
    assert sum(cell.usd for cell in [*shown, more]) == total.usd == 40 * 300 * one
    assert "34 other accounts" in page.text
    steps = [row[-3].usd for table in page.tables if table[0][0].text == "Step" for row in table[1:-1]]
    assert sum(steps) == total.usd
    models = [
        table for table in page.tables if table[0][0].text == "Model" and table[-1][0].text == "Invoices"
    ]
    assert models[0][-2][0].text == "and 285 models more"
    assert sum(row[1].usd for row in models[0][1:-1]) == 300 * one


def test_a_browser_opens_it_without_a_complaint_and_prints_it(html: str, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium on this machine")
    (tmp_path / "report.html").write_text(html, "utf-8")
    ran = subprocess.run(
        [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--print-to-pdf={tmp_path / 'report.pdf'}",
            (tmp_path / "report.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "CONSOLE" not in ran.stderr
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
