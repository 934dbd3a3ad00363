"""What finance relies on: the page's figures are those of the tables, its words no stronger than they are."""

from decimal import Decimal

import pytest
from example_month import MANIFEST, MONTH, Row, Tables
from page_reader import Page

from tickmark.reportpage import display, render
from tickmark.reportpage.bridge import bridges
from tickmark.reportpage.verdict import verdict


def _sum(rows: list[Row], column: str) -> Decimal:
    return sum((row[column] for row in rows), Decimal(0))


def _nothing(month: Tables) -> Tables:
    return {name: [] for name in month}


def _headline(tables: Tables, *, is_draft: bool = False) -> str:
    return verdict(tables, bridges(tables), MONTH, is_draft=is_draft).headline.replace(
        display.THIN_SPACE, " "
    )


def test_the_example_month_is_sound(month: Tables) -> None:
    for row in month["month_close"]:
        bridge = [b for b in month["variance_bridge"] if b["account"] == row["account"]]
        assert row["cost_usd_billed"] - row["cost_usd_expected"] == _sum(bridge, "cost_usd")
    for table in ("spend_by_team", "spend_by_model", "spend_by_workload"):
        assert _sum(month[table], "cost_usd") == _sum(month["month_close"], "cost_usd_billed")


def test_the_headline_says_the_verdict(month: Tables) -> None:
    assert _headline(month) == (
        "Three providers billed 78 052.39 USD for October 2026, 7 417.50 USD (10.5 %) more than our logs and"
        " rates expect: 5 448.54 overbilled, 1 934.27 billed but not in our logs, 86.40 that cannot be"
        " verified, -250.00 tax and credits, -14.11 in smaller parts, 212.40 unexplained."
    ).replace("-", display.MINUS)


def test_every_account_shows_its_exact_figures_and_they_add_up(page: Page, month: Tables) -> None:
    by_bill = sorted(month["month_close"], key=lambda row: row["cost_usd_billed"], reverse=True)
    names = ("expected", "billed", "variance", "explained", "unexplained")
    for column, name in enumerate(names, start=1):
        *cells, total = page.column("Provider", column)
        assert [cell.usd for cell in cells] == [row[f"cost_usd_{name}"] for row in by_bill]
        assert total.usd == _sum(by_bill, f"cost_usd_{name}")


def test_the_parts_of_the_variance_add_up_to_it(page: Page, month: Tables) -> None:
    *parts, total = [row[-1].usd for row in page.rows("What may be said")]
    assert sum(parts) == total.real == _sum(month["month_close"], "cost_usd_variance")


def test_every_bridge_leads_from_expected_to_billed(page: Page, month: Tables) -> None:
    tables = [table[1:] for table in page.tables if table[0][0].text == "Step"]
    assert len(tables) == len(month["month_close"]) == len(page.all("img"))
    for *steps, total in tables:
        assert sum(row[-3].usd for row in steps) == total[-3].usd
        assert any(row[0].text == "Unexplained" for row in steps)


def test_only_grades_a_and_b_are_called_overbilled(month: Tables) -> None:
    graded = {(step.code, step.grade): step.claim for bridge in bridges(month) for step in bridge.steps}
    assert graded["D54", "B"] == graded["D27", "B"] == "Overbilled"
    assert graded["D02", "C"] == "Billed, not in our logs"
    assert graded["D39", "C"] == "Cannot be verified"
    weak = {**month, "variance_bridge": [{**row, "grade": "C"} for row in month["variance_bridge"]]}
    assert "overbilled" not in _headline(weak)
    assert "Overbilled" not in render(weak, MONTH, 2, False, MANIFEST)


def test_without_a_price_of_our_own_nothing_is_overbilled(month: Tables) -> None:
    unpriced = [
        {**row, "cause_code": "D35", "step": "price", "grade": "B"} for row in month["variance_bridge"]
    ]
    assert "overbilled" not in _headline({**month, "variance_bridge": unpriced})


def test_every_flag_and_break_shows_with_what_finance_needs(page: Page, month: Tables) -> None:
    text = " ".join(page.text.split())
    for flag in month["red_flags"]:
        assert display.capital(flag["summary"]) in text
        assert f"Check in this order: {flag['likely_causes']}." in text
        assert flag["look_at"] in text
    assert "Figure 8.0 % against a threshold of 5.0 %" in text
    assert "Figure 18420 against a threshold of 0" in text
    breaks = {row[0].text: row[3].usd for row in page.rows("Break")[:-1]}
    for each in month["breaks"]:
        assert breaks[display.capital(each["cause"]) + each["break_id"]] == each["cost_usd"]


def test_tokens_and_recounts(page: Page) -> None:
    tied = {row[0].text: [cell.text for cell in row[1:]] for row in page.rows("Model")}
    assert tied["gpt-4.1openai"][:6] == [
        "7473327503",
        "3610000000",
        "7875445723",
        "7875445723",
        "+402118220",
        "+5.4\N{NARROW NO-BREAK SPACE}%",
    ]
    assert tied["gpt-4.1openai, calls"][0] == "3720"
    assert tied["mistral-small-2506mistral_ai"][3:5] == ["\N{EN DASH}", "\N{EN DASH}"]
    assert "371049 of 475490 billable requests were counted again" in page.text
    assert "So were 200100 of 200100 answers; 200100 agree." in page.text
    assert [row[0].text for row in page.rows("Why")] == [
        "The provider publishes no tokenizer for this model",
        "Images are billed by size, and the log holds none",
    ]


def test_spend_lcpr_prices_and_sources(page: Page, month: Tables) -> None:
    billed = _sum(month["month_close"], "cost_usd_billed")
    for member in ("Team", "Model"):
        spent = [
            table for table in page.tables if table[0][0].text == member and table[-1][0].text == "Invoices"
        ]
        *parts, total = [row[1].usd for row in spent[0][1:]]
        assert sum(parts) == total == billed
    lcpr = {row[0].text: row[6] for row in page.rows("Workload")}
    assert lcpr["answers"].usd == Decimal("0.145894831926")
    assert lcpr["answers"].text == "0.1459"
    assert lcpr["nightly-digest"].text == "\N{EN DASH}"
    assert "Where list equals contract" in page.text
    shown = next(table for table in page.tables if table[0][-1].text.startswith("Implied"))[1:]
    assert [row[0].text for row in shown] == ["gpt-4.1openai", "gpt-4.1openai", "gpt-4.1-nanoopenai"]
    assert shown[2][4].text == "unpriced"
    for row in page.rows("Source"):
        records, *fates = (int(cell.text) for cell in row[2:])
        assert sum(fates) == records


def test_a_draft_cannot_be_mistaken(draft_month: Tables, html: str) -> None:
    draft = render(draft_month, MONTH, 2, True, MANIFEST)
    assert "DRAFT: do not pay or dispute" in draft
    assert "Draft, not final: three providers" in draft
    for point in draft_month["open_points"]:
        assert point["detail"] in draft
    assert "draft" not in Page(html).text.lower()


def test_an_empty_month_renders(month: Tables) -> None:
    page = Page(render(_nothing(month), MONTH, 1, False, MANIFEST))
    assert "Nothing was logged or billed for October 2026." in page.text
    assert page.all("img") == []


def test_an_account_without_an_invoice_is_never_called_proved(month: Tables) -> None:
    account = {
        **month["month_close"][1],
        "invoice_ids": None,
        "status": "no_bill",
        "cost_usd_billed": None,
        "cost_usd_variance": None,
    }
    tables = {**_nothing(month), "month_close": [account]}
    assert _headline(tables).endswith(
        "without an invoice to compare with, nothing unexplained; 1 account delivered no invoice."
    )
    assert bridges(tables)[0].steps[0].cost_usd == -account["cost_usd_expected"]


def test_a_month_that_ties_says_so(month: Tables) -> None:
    row = month["month_close"][1]
    tied = {**row, "cost_usd_expected": row["cost_usd_billed"], "cost_usd_variance": Decimal(0)}
    tables = {**_nothing(month), "month_close": [tied]}
    assert (
        _headline(tables)
        == "Every cent of the 812.67 USD billed for October 2026 ties to our logs and our rates."
    )


def test_a_month_that_matches_up_to_rounding_says_so(month: Tables) -> None:
    mistral = [row for row in month["variance_bridge"] if row["provider"] == "mistral_ai"]
    tables = {**_nothing(month), "month_close": month["month_close"][1:2], "variance_bridge": mistral}
    assert _headline(tables) == (
        "One provider billed 812.67 USD for October 2026, which agrees with our logs and rates up to"
        " 0.005588 rounding and timing, nothing unexplained."
    )


def test_a_page_says_which_record_it_shows(page: Page) -> None:
    assert MANIFEST in page.text
    assert "October 2026 (2026-10), version 2" in page.text
    assert "duckdb -readonly finance.duckdb" in page.text


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "0.00"),
        ("84213.425", "84213.43"),
        ("-0.004", "\N{MINUS SIGN}0.004"),
        ("0.0000345678", "0.00003457"),
        ("0.5", "0.50"),
        ("0.99996", "1.00"),
        ("1234567890123456789.5", "1234567890123456789.50"),
    ],
)
def test_small_bills_stay_visible_and_large_ones_exact(amount: str, shown: str) -> None:
    cell = Page(f"<table><tr><td>{display.usd(Decimal(amount))}</td></tr></table>").tables[0][0][0]
    assert cell.text == shown
    assert cell.usd == Decimal(amount)


def test_a_share_near_its_end_does_not_pretend(page: Page) -> None:
    coverage = {row[0].text: row[6].text for row in page.rows("Provider")}
    assert next(text for name, text in coverage.items() if "anthropic" in name).startswith(">99.9")
