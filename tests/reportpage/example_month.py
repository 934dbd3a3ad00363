"""A month made by hand: three providers, and the faults that finance should find on the page.

openai: traffic past the gateway, one model billed 8 % above the contract, an unexplained rest.
anthropic: the cache discount is missing on the bill. mistral_ai: agrees up to rounding.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]

MONTH = "2026-10"
MANIFEST = "9c41f0b7" * 8
TABLES = (
    "month_close",
    "variance_bridge",
    "token_tieout",
    "breaks",
    "red_flags",
    "spend_by_model",
    "spend_by_team",
    "spend_by_workload",
    "lcpr",
    "assumptions",
    "prices",
    "sources",
    "rejects",
    "tokenizer_parity",
    "recount_exceptions",
    "open_points",
)
BREAK_CAUSES = ("D02", "D54", "D27", "unexplained")

_STEPS = {
    "D02": (1, "population", "billed by the provider, not in our logs"),
    "D22": (3, "quantity", "provider counted other token numbers for the same requests"),
    "D27": (4, "classification", "cached input billed at another class than the log shows"),
    "D35": (5, "price", "no price known: our side is unpriced"),
    "D54": (5, "price", "billed at another rate than the rate book"),
    "D39": (6, "fees", "per-call and other charges that no log row explains"),
    "D45": (7, "rounding", "rounding of the invoice, inside its bound"),
    "D53": (8, "credits, tax", "credits and adjustments"),
    "unexplained": (9, "unexplained", "no cause proved"),
}


def empty_month() -> Tables:
    return {name: [] for name in TABLES}


def table(columns: str, *rows: Sequence[object]) -> list[Row]:
    """Rows of one table, each with the month and version that every published table has."""
    names = columns.split()
    return [{"month": MONTH, "version": 2, **dict(zip(names, row, strict=True))} for row in rows]


def money(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("1e-18"))


def bridge_rows(provider: str, account: str, *rows: tuple[str, str, str | None, str, str, int]) -> list[Row]:
    """Rows of the bridge from (model, cause code, tokens, USD, grade, items)."""
    return [
        {
            "month": MONTH,
            "version": 2,
            "provider": provider,
            "account": account,
            "model": model,
            "step_no": _STEPS[code][0],
            "step": _STEPS[code][1],
            "cause_code": code,
            "cause": _STEPS[code][2],
            "tokens": None if tokens is None else Decimal(tokens),
            "cost_usd": money(usd),
            "grade": grade,
            "items": items,
        }
        for model, code, tokens, usd, grade, items in rows
    ]


def close_row(
    provider: str, account: str, expected: str, bridge: list[Row], coverage: str | None, status: str
) -> Row:
    """The close of one account, so that its bridge leads from expected to billed."""
    own = [row for row in bridge if row["provider"] == provider and row["account"] == account]
    unexplained = sum((row["cost_usd"] for row in own if row["cause_code"] == "unexplained"), Decimal(0))
    variance = sum((row["cost_usd"] for row in own), Decimal(0))
    return {
        "month": MONTH,
        "version": 2,
        "provider": provider,
        "account": account,
        "invoice_ids": f"INV-{account.upper()}-10",
        "attempts": 412_903,
        "cost_usd_expected": money(expected),
        "cost_usd_billed": money(expected) + variance,
        "cost_usd_variance": variance,
        "cost_usd_explained": variance - unexplained,
        "cost_usd_unexplained": unexplained,
        "cost_usd_rounding_bound": money("0.015"),
        "tokens_logged": 9_000_000_000,
        "tokens_provider": None if coverage is None else 9_200_000_000,
        "coverage_share": None if coverage is None else Decimal(coverage),
        "status": status,
    }


def example_month() -> Tables:
    bridge = _bridge()
    return {
        **empty_month(),
        "variance_bridge": bridge,
        "month_close": [
            close_row("anthropic", "org-7f21", "28614.905118", bridge, "0.999998", "break"),
            close_row("mistral_ai", "main", "812.664412", bridge, "1", "matched"),
            close_row("openai", "prod", "41207.318442", bridge, "0.951204", "break"),
        ],
        "breaks": _breaks(bridge),
        "red_flags": _red_flags(),
        "token_tieout": _token_tieout(),
        **_recounts(),
        **_spend(),
        **_sources(),
    }


def _bridge() -> list[Row]:
    return [
        *bridge_rows(
            "anthropic",
            "org-7f21",
            ("claude-sonnet-4-5", "D22", "-4120", "-14.112", "B", 9),
            ("claude-sonnet-4-5", "D27", None, "3871.2046", "B", 62),
            ("claude-haiku-4-5", "D27", None, "118.0914", "B", 31),
            ("promotional credit", "D53", None, "-250", "C", 1),
            ("(invoice)", "D45", None, "0.000882", "A", 1),
        ),
        *bridge_rows("mistral_ai", "main", ("(invoice)", "D45", None, "0.005588", "A", 1)),
        *bridge_rows(
            "openai",
            "prod",
            ("gpt-4.1", "D02", "402118220", "1422.6518", "C", 214),
            ("gpt-4.1-mini", "D02", "388104000", "488.2", "C", 98),
            ("text-embedding-3-small", "D02", "1171000", "23.42", "C", 12),
            ("gpt-4.1", "D54", "7411200000", "1459.244", "B", 124),
            ("web search", "D39", None, "86.4", "C", 31),
            ("(invoice)", "unexplained", None, "212.395758", "D", 1),
        ),
    ]


def _breaks(bridge: list[Row]) -> list[Row]:
    broken = [row for row in bridge if row["cause_code"] in BREAK_CAUSES]
    return table(
        "break_id provider account model step cause_code cause cost_usd grade items day_first day_last status age_days",
        *(
            (
                "/".join((row["provider"], row["account"], row["model"], row["cause_code"])),
                *(row[name] for name in ("provider", "account", "model", "step", "cause_code", "cause")),
                *(row[name] for name in ("cost_usd", "grade", "items")),
                *((None, None) if row["model"] == "(invoice)" else (date(2026, 10, 3), date(2026, 10, 31))),
                "open",
                29,
            )
            for row in broken
        ),
    )


def _red_flags() -> list[Row]:
    return table(
        "flag subject figure threshold cost_usd grade summary likely_causes look_at status",
        (
            "cache_hit_drop",
            "anthropic/org-7f21/claude-sonnet-4-5",
            Decimal("0"),
            Decimal("0.9"),
            money("3871.2046"),
            "B",
            "claude-sonnet-4-5: 0 of 1433779481 cached tokens were billed as cached",
            "cache discount not applied, cache class in the usage export, hits the log invented",
            "select * from report.token_tieout where token_class in ('cache_read', 'uncached_input')",
            "open",
        ),
        (
            "cost_tieout",
            "openai/prod/gpt-4.1",
            Decimal("0.08"),
            Decimal("0.05"),
            money("1459.244"),
            "B",
            "gpt-4.1: billed 1459.24 USD more than its quantities cost at our rates",
            "contract rate not applied, tier or region, alias moved, price change, our rate card",
            "select * from report.prices where model = 'gpt-4.1'",
            "open",
        ),
        (
            "unlogged_spend",
            "openai/prod",
            Decimal("0.043102"),
            Decimal("0.01"),
            money("1934.2718"),
            "C",
            "openai billed 791393220 tokens (1934.27 USD) that no log shows",
            "keys outside the gateway, lost log rows, client retries, aborted streams",
            "select * from report.token_tieout where provider = 'openai' and tokens_variance > 0",
            "open",
        ),
        (
            "unpriced_usage",
            "openai/prod/gpt-4.1-nano",
            Decimal("18420"),
            Decimal("0"),
            money("0.0031456"),
            "C",
            "gpt-4.1-nano: 18420 tokens have no price",
            "model missing in the price catalogue, tier without a price, alias; add a contract row",
            "select * from report.token_tieout where model = 'gpt-4.1-nano'",
            "open",
        ),
    )


def _token_tieout() -> list[Row]:
    rows: list[Sequence[object]] = []
    for offset in range(31):
        day = date(2026, 10, 1) + timedelta(days=offset)
        unlogged = 12_971_555 if offset >= 2 else 0
        logged = 231_400_000 + 71_003 * offset
        rows += [
            _cell("openai", "prod", "gpt-4.1", "uncached_input", day, logged, logged, logged + unlogged, "exact"),
            _cell("openai", "prod", "gpt-4.1", "output", day, 8_204_113, None, 8_204_113, "exact"),
            _cell("openai", "prod", "gpt-4.1", "web_search", day, 120, None, 120, "exact"),
            _cell("anthropic", "org-7f21", "claude-sonnet-4-5", "cache_read", day, 46_250_951, None, 46_250_951, "none"),
            _cell("mistral_ai", "main", "mistral-small-2506", "uncached_input", day, 90_420_000, 90_420_031, None, "exact"),
        ]
    return table(
        "provider account model token_class day tokens_logged tokens_recounted tokens_usage_export tokens_billed"
        " tokens_variance exactness cost_usd_expected cost_usd_billed",
        *rows,
    )


def _cell(
    provider: str,
    account: str,
    model: str,
    token_class: str,
    day: date,
    logged: int,
    recounted: int | None,
    exported: int | None,
    exactness: str,
) -> Sequence[object]:
    variance = None if exported is None else exported - logged
    return (
        *(provider, account, model, token_class, day, logged, recounted, exported),
        *(None, variance, exactness, money("1.25"), None),
    )


def _recounts() -> Tables:
    return {
        "tokenizer_parity": table(
            "provider operation model shape exactness attempts attempts_recounted attempts_exact"
            " tokens_variance_min tokens_variance_max tokens_logged uncountable_because",
            ("openai", "chat", "gpt-4.1", "text", "exact", 310_204, 310_204, 310_204, 0, 0, 7_000_000, None),
            ("openai", "chat", "gpt-4.1", "tools", "exact_text", 41_330, 41_330, 39_907, -3, 11, 900_000, None),
            ("openai", "chat", "gpt-4.1", "images", "none", 2_110, 0, 0, None, None, 88_000, "images are billed by size, and the log holds none"),
            ("mistral_ai", "chat", "mistral-small-2506", "text", "exact", 19_204, 19_204, 19_201, 0, 31, 440_000, None),
            ("anthropic", "chat", "claude-sonnet-4-5", "text", "none", 102_331, 0, 0, None, None, 9_000_000, "the provider publishes no tokenizer for this model"),
        ),
        "recount_exceptions": table(
            "attempt_id source file line_no provider model spec tokens_logged tokens_recounted tokens_variance",
            *(
                (f"a{line}", "prod", "landing/gateways/prod/0417.jsonl.gz", line, "mistral_ai", "mistral-small-2506", "mistral_ai/tekken", 912, 881, 31)
                for line in (118, 4_092, 7_733)
            ),
        ),
    }  # fmt: skip


def _spend() -> Tables:
    by_team = {"search": "38201.17", "support": "21940.33", "growth": "14002.08", "(unlogged)": "1934.27", "(shared)": "2022.54"}
    by_model = {"gpt-4.1": "39012.02", "claude-sonnet-4-5": "30118.44", "gpt-4.1-mini": "5113.92", "claude-haiku-4-5": "2221.67", "mistral-small-2506": "812.67", "(shared)": "821.67"}
    return {
        "spend_by_team": table("provider account team cost_usd", *(("openai", "prod", k, Decimal(v)) for k, v in by_team.items())),
        "spend_by_model": table("provider account model cost_usd", *(("openai", "prod", k, Decimal(v)) for k, v in by_model.items())),
        "spend_by_workload": table("provider account workload cost_usd", ("openai", "prod", "answers", Decimal("78100.39"))),
        "lcpr": table(
            "workload attempts requests_successful token_cost_usd repair_cost_usd engineering_cost_usd lcpr_usd confidence",
            ("answers", 310_204, 301_118, Decimal("52104.11"), Decimal("310.2"), Decimal(900), Decimal("0.177055439965"), "estimated"),
            ("ticket-triage", 102_331, 99_870, Decimal("22810.40"), Decimal(0), Decimal(300), Decimal("0.231404826274"), "estimated"),
            ("nightly-digest", 311, 0, Decimal("12.20"), Decimal("3.11"), Decimal(0), None, "estimated"),
        ),
        "prices": table(
            "provider model token_class tokens usd_per_million_list usd_per_million_contract usd_per_million_implied",
            ("openai", "gpt-4.1", "uncached_input", 7_219_000_000, Decimal(2), Decimal("1.8"), Decimal("1.944")),
            ("openai", "gpt-4.1", "output", 254_327_503, Decimal(8), Decimal("7.2"), Decimal("7.776")),
            ("openai", "gpt-4.1-nano", "uncached_input", 18_420, None, None, Decimal("0.170770901194")),
            ("anthropic", "claude-sonnet-4-5", "output", 201_220_118, Decimal(15), Decimal(15), Decimal("15.000000012")),
            ("mistral_ai", "mistral-small-2506", "uncached_input", 2_803_020_000, Decimal("0.1"), Decimal("0.1"), None),
        ),
        "assumptions": table(
            "name value",
            ("reconcile.invoice_variance_share", Decimal("0.100000")),
            ("reconcile.tieout_variance_share", Decimal("0.050000")),
            ("reconcile.materiality_usd", Decimal("0.010000")),
            ("lcpr.engineering_hours", Decimal("12.000000")),
            ("lcpr.usd_per_hour", Decimal("100.000000")),
            ("trend.min_attempts", Decimal("100.000000")),
        ),
    }  # fmt: skip


def _sources() -> Tables:
    columns = (
        "source side format file sha256 bytes_delivered bytes_decoded already_seen records loaded dup_exact"
        " dup_conflict quarantined out_of_period blank"
    )
    return {
        "sources": table(
            columns,
            ("prod", "gateway", "litellm_spend_logs", "landing/gateways/prod/0417.jsonl.gz", "ab" * 32, 88_120_004, 912_000_233, False, 301_204, 300_988, 101, 0, 12, 103, 0),
            ("prod", "gateway", "litellm_spend_logs", "landing/gateways/prod/0418.jsonl.gz", "cd" * 32, 44_020_004, 412_000_233, True, 0, 0, 0, 0, 0, 0, 0),
            ("openai-usage", "bill", "openai_usage_completions", "landing/bills/openai_usage_10.json", "ef" * 32, 90_233, 90_233, False, 1_240, 1_240, 0, 0, 0, 0, 0),
            ("invoices", "bill", "invoice_csv", "landing/bills/invoices-10.csv", "12" * 32, 812, 812, False, 4, 3, 0, 0, 0, 0, 1),
        ),
        "rejects": table(
            "source file line_no record_no byte_offset byte_length place rule field expected got",
            *(
                ("prod", "landing/gateways/prod/0417.jsonl.gz", line, line, line * 900, 880, None, "E-FIELD-TYPE", "prompt_tokens", "a whole number", "string (7 chars)")
                for line in range(2_001, 2_013)
            ),
        ),
    }  # fmt: skip


def draft(tables: Tables) -> Tables:
    """The same month while two things are missing."""
    return {
        **tables,
        "open_points": table(
            "problem source detail",
            ("coverage", "openai-usage", "no buckets from 2026-10-29 00:00:00+00 to 2026-11-01 00:00:00+00"),
            ("open_month", None, "the month was not over"),
        ),
    }
