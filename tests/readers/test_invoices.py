"""Provider documents: canonical rows from hand-written samples, real bills, and what is refused."""

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickmark import money, strictjson
from tickmark.errors import RecordRejected
from tickmark.invoices import FORMATS
from tickmark.invoices.openai_costs import line_item
from tickmark.records import BillingLine, Invoice, UsageBucket

SAMPLES = Path(__file__).with_name("samples")
DAY = {"start": datetime(2026, 7, 4, tzinfo=UTC), "end": datetime(2026, 7, 5, tzinfo=UTC)}
JULY = (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC))


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Decoded records, as intake hands them to a reader."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)
        return
    page: Any = strictjson.loads(path.read_text("utf-8"))
    for bucket in page["data"]:
        frame = {key: value for key, value in bucket.items() if key not in ("results", "object")}
        for result in bucket["results"]:
            yield {**frame, **result}


def sample(name: str) -> list[dict[str, Any]]:
    return list(records(next(SAMPLES.glob(f"{name}.*"))))


def read(name: str, record: dict[str, Any]) -> list[Any]:
    return list(FORMATS[name].read(record))


def rows(name: str) -> list[Any]:
    """Rows of a sample without their keys, which have tests of their own."""
    return [replace(row, record_key="") for record in sample(name) for row in read(name, record)]


# What each sample means, worked out by hand from the providers' documentation.


def test_openai_completions_input_is_split_into_disjoint_classes() -> None:
    sol = UsageBucket(
        record_key="",
        provider="openai",
        model="gpt-5.6-sol",
        token_class="uncached_input",
        bucket_start=DAY["start"],
        bucket_end=DAY["end"],
        tokens_usage_export=2000,
        requests=12,
        project_id="proj_support",
        credential_id="key_support",
    )
    later = replace(sol, requests=None)
    mini = replace(
        sol,
        model="gpt-4o-mini-2024-07-18",
        tokens_usage_export=0,
        requests=3,
        service_tier="batch",
        project_id=None,
        credential_id=None,
    )
    fast = replace(
        sol,
        tokens_usage_export=40,
        requests=1,
        service_tier="priority",
        project_id=None,
        credential_id=None,
    )
    assert rows("openai_usage_completions") == [
        sol,
        replace(later, token_class="cache_read", tokens_usage_export=6000),
        replace(later, token_class="cache_write_30m", tokens_usage_export=1000),
        replace(later, token_class="output", tokens_usage_export=700),
        mini,
        replace(mini, token_class="cache_read", tokens_usage_export=500, requests=None),
        fast,
        replace(fast, token_class="output", tokens_usage_export=8, requests=None),
    ]


def test_openai_embeddings_are_uncached_input() -> None:
    assert rows("openai_usage_embeddings") == [
        UsageBucket(
            record_key="",
            provider="openai",
            model="text-embedding-3-small",
            token_class="uncached_input",
            bucket_start=DAY["start"],
            bucket_end=datetime(2026, 7, 4, 1, tzinfo=UTC),
            tokens_usage_export=81,
            requests=2,
            project_id="proj_search",
        )
    ]


def test_openai_costs_keep_every_charge_and_drop_float_noise_only() -> None:
    cached, long_output, search, whisper, ungrouped = rows("openai_costs")
    assert cached == BillingLine(
        record_key="",
        provider="openai",
        invoice_issuer_name="OpenAI",
        charge_category="Usage",
        charge_period_start=DAY["start"],
        charge_period_end=DAY["end"],
        billed_cost=Decimal("0.816"),
        billing_currency="USD",
        billing_account_id="org-sample",
        sub_account_id="proj_support",
        charge_description="gpt-4o-2024-08-06, cached input",
        consumed_quantity=Decimal(652800),
        consumed_unit="Tokens",
        x_model="gpt-4o-2024-08-06",
        x_token_class="cache_read",
        x_amount_text="0.8160000000000001",
    )
    assert (long_output.x_model, long_output.x_token_class) == ("gpt-5.6-sol", "output")
    assert (long_output.x_service_tier, long_output.billed_cost) == (
        "priority",
        Decimal("0.003835980000000012"),
    )
    assert (search.x_model, search.x_token_class, search.consumed_unit) == (None, "web_search", None)
    assert (whisper.consumed_quantity, whisper.consumed_unit) == (2, "duration_seconds")
    assert (whisper.x_model, whisper.x_token_class) == (None, None)
    assert whisper.billed_cost == Decimal("0.000012")
    assert (ungrouped.billed_cost, ungrouped.charge_description) == (6, None)


def test_anthropic_usage_classes_are_disjoint_and_searches_are_counted() -> None:
    found = rows("anthropic_usage_report")
    assert found[0] == UsageBucket(
        record_key="",
        provider="anthropic",
        model="claude-sonnet-5",
        token_class="uncached_input",
        bucket_start=DAY["start"],
        bucket_end=DAY["end"],
        tokens_usage_export=1200,
        context_window="0-200k",
        inference_geo="us",
        project_id="wrkspc_sample",
        credential_id="apikey_sample",
    )
    assert [(row.token_class, row.tokens_usage_export, row.service_tier) for row in found] == [
        ("uncached_input", 1200, "standard"),
        ("cache_read", 90000, "standard"),
        ("cache_write_5m", 300, "standard"),
        ("cache_write_1h", 40, "standard"),
        ("output", 650, "standard"),
        ("web_search", 4, "standard"),
        ("uncached_input", 0, "batch"),
        ("output", 5, "batch"),
    ]


def test_anthropic_costs_are_cents() -> None:
    written, search, execution = rows("anthropic_cost_report")
    assert written == BillingLine(
        record_key="",
        provider="anthropic",
        invoice_issuer_name="Anthropic",
        charge_category="Usage",
        charge_period_start=DAY["start"],
        charge_period_end=DAY["end"],
        billed_cost=Decimal("1.2345"),
        billing_currency="USD",
        sub_account_id="wrkspc_sample",
        charge_description="Claude Sonnet 5 Usage - Input Tokens, Cache Write (1h)",
        sku_meter="cache_creation.ephemeral_1h_input_tokens",
        x_model="claude-sonnet-5",
        x_token_class="cache_write_1h",
        x_service_tier="batch",
        x_amount_text="123.45",
    )
    assert (search.billed_cost, search.x_token_class) == (Decimal("0.04"), "web_search")
    assert (execution.billed_cost, execution.x_token_class) == (Decimal("0.000646400"), None)
    assert (execution.sku_meter, execution.billing_currency) == ("code_execution", "USD")


def test_focus_lines_with_the_dirt_of_real_files() -> None:
    cached, storage, credit = rows("focus_csv")
    assert cached == BillingLine(
        record_key="",
        provider="mistral_ai",
        invoice_issuer_name="Mistral AI",
        charge_category="Usage",
        charge_period_start=DAY["start"],
        charge_period_end=DAY["end"],
        billed_cost=Decimal("0.2"),
        billing_currency="USD",
        invoice_id="MIS-7",
        billing_account_id="acct-sample",
        sub_account_id="team-a",
        charge_description="Cached input",
        sku_id="mis-cached",
        sku_meter="Cached Input Tokens",
        consumed_quantity=Decimal(2500000),
        consumed_unit="Tokens",
        list_unit_price=Decimal("0.1"),
        contracted_unit_price=Decimal("0.08"),
        list_cost=Decimal("0.25"),
        contracted_cost=Decimal("0.2"),
        x_model="mistral-small-2603",
        x_token_class="cache_read",
        x_service_tier="batch",
        x_amount_text="2E-1",
    )
    assert (storage.invoice_issuer_name, storage.provider) == ("Aura Market", "mistral_ai")
    assert (storage.sub_account_id, storage.invoice_id, storage.charge_class) == (None, None, None)
    assert storage.charge_period_start == datetime(2026, 7, 4, 22, tzinfo=UTC)
    assert (storage.consumed_unit, storage.x_token_class) == ("Token-Hours", None)
    assert (storage.billing_currency, storage.list_unit_price) == ("EUR", None)
    assert (credit.charge_category, credit.charge_class) == ("Credit", "Correction")
    assert (credit.provider, credit.billed_cost) == ("mistral_ai", Decimal("-1.5"))


@pytest.mark.parametrize(
    ("direction", "action", "meter", "unit", "token_class"),
    [
        ("Input", "Uncached", "", "Tokens", "uncached_input"),
        ("Input", None, "", "Token", "uncached_input"),
        ("Output", None, "Input Tokens", "Tokens", "output"),
        ("Input", "Write", "cache_write_1h", "Tokens", "cache_write_1h"),
        ("Input", "Write", "Cache Write Input Tokens", "Tokens", None),
        ("Input", "Other", "", "Tokens", None),
        (None, None, "Output Tokens", "Tokens", "output"),
        (None, None, "Requests", "Tokens", None),
        ("Output", None, "", "1K Tokens", None),
    ],
)
def test_focus_token_class(
    direction: str | None, action: str | None, meter: str, unit: str, token_class: str | None
) -> None:
    details = {"TokenDirection": direction, "TokenCacheAction": action}
    line = {
        **sample("focus_csv")[0],
        "SkuPriceDetails": json.dumps(details),
        "SkuMeter": meter,
        "ConsumedUnit": unit,
    }
    assert read("focus_csv", line)[0].x_token_class == token_class


def test_invoices_as_finance_writes_them() -> None:
    bill, note = rows("invoice_csv")
    assert bill == Invoice(
        record_key="",
        provider="openai",
        invoice_issuer_name="OpenAI, LLC",
        invoice_id="A1B2-0007",
        invoice_issue_date=datetime(2026, 8, 3, tzinfo=UTC),
        billing_period_start=JULY[0],
        billing_period_end=JULY[1],
        billed_cost=Decimal("1234.56"),
        billing_currency="USD",
    )
    assert (note.billed_cost, note.billing_currency, note.invoice_issue_date) == (-20, "USD", None)
    assert (note.billing_period_start, note.billing_period_end) == JULY


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("gpt-5.5-2026-04-23, input", ("gpt-5.5-2026-04-23", "uncached_input", "standard")),
        ("gpt-5.6-terra, cache writes", ("gpt-5.6-terra", "cache_write_30m", "standard")),
        ("flex | gpt-5-mini, input", ("gpt-5-mini", "uncached_input", "flex")),
        ("batch | gpt-5-mini, output", ("gpt-5-mini", "output", "batch")),
        ("gpt-5-nano, input_tokens", ("gpt-5-nano", "uncached_input", "standard")),
        ("gpt-image-2-2026-04-21 text, input", ("gpt-image-2-2026-04-21", "uncached_input", "standard")),
        ("gpt-image-1 image, output", ("gpt-image-1", "output_image", "standard")),
        ("gpt-realtime audio, cached input", ("gpt-realtime", "cache_audio", "standard")),
        ("gpt-realtime audio, cache writes", ("gpt-realtime", None, "standard")),
        ("ft:gpt-4o-2024-08-06:acme::Ab1, output", ("ft:gpt-4o-2024-08-06:acme::Ab1", "output", "standard")),
        ("assistants api | file search", (None, None, "standard")),
        ("whisper-1, audio", (None, None, "standard")),
        ("gpt-5, input, some new band", (None, None, "standard")),
        ("gpt-5, INPUT", (None, None, "standard")),
        ("", (None, None, "standard")),
    ],
)
def test_openai_line_item_shapes(item: str, expected: tuple[str | None, str | None, str]) -> None:
    assert line_item(item) == expected


# Real bills.

REAL_FILES = {
    "openai_usage_completions": "openai_usage_completions",
    "openai_usage_embeddings": "openai_usage_embeddings",
    "openai_costs": "openai_costs",
    "anthropic_usage_report": "anthropic_usage_report_messages",
    "anthropic_cost_report": "anthropic_cost_report",
    "focus_csv": "focus_",
    "invoice_csv": "invoices",
}


@pytest.fixture(scope="module")
def real_month(shared_data: Path) -> dict[str, list[Any]]:
    bills = shared_data / "real_month" / "2026-01" / "bills"
    return {
        name: [
            row
            for path in sorted(bills.glob(f"{prefix}*"))
            for record in records(path)
            for row in read(name, record)
        ]
        for name, prefix in REAL_FILES.items()
    }


def test_billing_lines_of_the_real_month_add_up_to_every_invoice(real_month: dict[str, list[Any]]) -> None:
    billed: dict[str, Decimal] = {}
    for name in ("openai_costs", "anthropic_cost_report", "focus_csv"):
        for line in real_month[name]:
            billed[line.provider] = billed.get(line.provider, Decimal(0)) + line.billed_cost
    invoiced = {invoice.provider: invoice.billed_cost for invoice in real_month["invoice_csv"]}
    assert {provider: money.cents(total) for provider, total in billed.items()} == invoiced
    assert invoiced == {
        "openai": Decimal("0.96"),
        "anthropic": Decimal("1.35"),
        "deepseek": Decimal("0.04"),
        "mistral_ai": Decimal("0.03"),
        "x_ai": Decimal("0.03"),
    }


def test_every_charge_of_the_real_month_names_model_and_token_class(real_month: dict[str, list[Any]]) -> None:
    lines = [row for rows_ in real_month.values() for row in rows_ if isinstance(row, BillingLine)]
    assert all(line.x_model and line.x_token_class for line in lines)
    charged = {(line.provider, line.x_model, line.x_token_class) for line in lines}
    used = {
        (row.provider, row.model, row.token_class)
        for rows_ in real_month.values()
        for row in rows_
        if isinstance(row, UsageBucket) and row.tokens_usage_export
    }
    assert used == {charge for charge in charged if charge[0] in ("openai", "anthropic")}


def test_no_two_records_of_the_real_month_share_a_key(real_month: dict[str, list[Any]]) -> None:
    for name, rows_ in real_month.items():
        keys = [row.record_key for row in rows_]
        assert len(keys) == len(set(keys)) > 0, name


def outcome(name: str, path: Path) -> str:
    """'N rows' of a file, or the one reason why its records are refused."""
    read_rows, rules = 0, set()
    for record in records(path):
        try:
            read_rows += len(read(name, record))
        except RecordRejected as rejected:
            rules.add(f"{rejected.rule} {rejected.field}")
    return " ".join(sorted(rules)) or f"{read_rows} rows"


def test_published_samples_read_or_say_why_not(shared_data: Path) -> None:
    samples = shared_data / "samples"
    usage, costs = samples / "openai_usage_api", samples / "anthropic_admin_api"
    focus = samples / "focus"
    assert {
        "not grouped by model": outcome(
            "openai_usage_completions", usage / "organization_usage_completions_response.json"
        ),
        "not grouped by model, embeddings": outcome(
            "openai_usage_embeddings", usage / "organization_usage_embeddings_response.json"
        ),
        "another endpoint": outcome(
            "openai_usage_embeddings", usage / "organization_usage_completions_response.json"
        ),
        "costs": outcome("openai_costs", usage / "organization_costs_response.json"),
        "anthropic usage": outcome("anthropic_usage_report", costs / "usage_report_messages_response.json"),
        "anthropic cost": outcome("anthropic_cost_report", costs / "cost_report_response.json"),
        "real FOCUS 1.0 rows": outcome("focus_csv", focus / "FOCUS-Sample-Data" / "focus_sample.csv"),
    } == {
        "not grouped by model": "E-FIELD-MISSING model",
        "not grouped by model, embeddings": "E-FIELD-MISSING model",
        "another endpoint": "E-RESULT-KIND object",
        "costs": "1 rows",
        "anthropic usage": "6 rows",
        "anthropic cost": "1 rows",
        "real FOCUS 1.0 rows": "7 rows",
    }
    # American dates ("5/1/25") break the specification whose examples use them.
    for path in (focus / "FOCUS_Spec_1.2_saas").glob("*.csv"):
        assert outcome("focus_csv", path) == "E-FIELD-TIME ChargePeriodStart"
    assert {
        path.stem: [row.x_token_class for record in records(path) for row in read("focus_csv", record)]
        for path in (focus / "FOCUS_Spec_ai").glob("*.csv")
    } == {
        "ai_prompt_caching_b": ["uncached_input", "cache_read", "output", None],
        "cached_tokens_via_csp_marketplace": ["cache_read", None],
        "drawdown_via_prepayment_ai_model_api": [None, "uncached_input", "output"],
        "multi_model_usage": ["uncached_input", "output"] * 2,
        "per_token_ai_model_api": ["uncached_input", "output"],
    }


def test_openai_example_splits_as_its_own_fields_say(shared_data: Path) -> None:
    path = shared_data / "samples/openai_usage_api/organization_usage_completions_response.json"
    (record,) = records(path)
    found = read("openai_usage_completions", {**record, "model": "gpt-5.6-sol"})
    assert {row.token_class: row.tokens_usage_export for row in found} == {
        "uncached_input": 400,
        "cache_read": 300,
        "cache_write_30m": 100,
        "output": 400,
        **dict.fromkeys(("input_audio", "cache_audio", "output_audio"), 50),
        **dict.fromkeys(("input_image", "cache_image", "output_image"), 50),
    }
    assert sum(row.tokens_usage_export for row in found) == record["input_tokens"] + record["output_tokens"]


# Keys: the same record again is a duplicate, a restated one a conflict, another one neither.

QUANTITIES: dict[str, dict[str, Any]] = {
    "openai_usage_completions": {
        "input_tokens": 9001,
        "input_uncached_tokens": 2001,
        "num_model_requests": 1,
    },
    "openai_usage_embeddings": {"input_tokens": 82, "num_model_requests": 1},
    "openai_costs": {"amount": {"value": 7, "currency": "usd"}, "quantity": 1},
    "anthropic_usage_report": {"uncached_input_tokens": 1, "output_tokens": 1},
    "anthropic_cost_report": {"amount": "1"},
    "focus_csv": {"BilledCost": "9", "ConsumedQuantity": "9", "ListCost": "9", "ContractedUnitPrice": "9"},
    "invoice_csv": {"BilledCost": "9", "InvoiceIssueDate": "2026-08-04"},
}
DIMENSIONS = {
    "openai_usage_completions": ["model", "project_id", "user_id", "api_key_id", "service_tier"],
    "openai_usage_embeddings": ["model", "project_id", "user_id", "api_key_id"],
    "openai_costs": ["line_item", "project_id", "api_key_id", "organization_id"],
    "anthropic_usage_report": [
        *("model", "workspace_id", "api_key_id", "service_tier", "context_window", "inference_geo", "speed"),
    ],
    "anthropic_cost_report": ["model", "workspace_id", "token_type", "description", "inference_geo"],
    "focus_csv": [
        "SkuId",
        "SkuPriceId",
        "InvoiceId",
        "ChargeDescription",
        "ResourceId",
        "Tags",
        "SubAccountId",
    ],
    "invoice_csv": ["InvoiceId", "InvoiceIssuerName"],
}


@pytest.mark.parametrize("name", DIMENSIONS)
def test_a_restated_record_keeps_its_keys_and_another_one_has_others(name: str) -> None:
    record = sample(name)[0]
    keys = {row.record_key for row in read(name, record)}
    assert len(keys) == len(read(name, record))
    assert {row.record_key for row in read(name, {**record, **QUANTITIES[name]})} == keys
    for dimension in DIMENSIONS[name]:
        other = {row.record_key for row in read(name, {**record, dimension: "other"})}
        assert not other & keys, dimension


def test_a_column_added_empty_or_another_spelling_of_time_changes_no_key() -> None:
    record = sample("focus_csv")[0]
    spelled = {**record, "ChargePeriodStart": "2026-07-04 00:00:00", "CredentialId": "NULL", "x_New": "1"}
    assert read("focus_csv", spelled) == read("focus_csv", record)


# Amounts.

CENTS = st.builds(
    "{}{}.{}".format,
    st.sampled_from(["", "-"]),
    st.integers(0, 10**21),
    st.text("0123456789", min_size=1, max_size=16),
)


@given(CENTS)
def test_cents_become_dollars_exactly_and_back(text: str) -> None:
    record = {**sample("anthropic_cost_report")[0], "amount": text}
    (line,) = read("anthropic_cost_report", record)
    sign, digits, exponent = line.billed_cost.as_tuple()
    assert Decimal((sign, digits, int(exponent) + 2)) == Decimal(text)
    assert line.x_amount_text == text


@given(st.integers(-(10**14), 10**14), st.integers(0, 15))
def test_a_float_of_a_decimal_amount_is_that_amount_again(number: int, places: int) -> None:
    exact = Decimal(number).scaleb(-places)
    written = strictjson.loads(json.dumps(float(exact)))
    record = {**sample("openai_costs")[0], "amount": {"value": written, "currency": "usd"}}
    assert read("openai_costs", record)[0].billed_cost == exact


TOKENS = st.integers(0, 10**9)


@given(TOKENS, TOKENS, TOKENS, TOKENS, st.integers(0, 10**6))
def test_openai_classes_add_up_to_the_totals_and_requests_count_once(
    uncached: int, cached: int, written: int, output: int, calls: int
) -> None:
    record = {
        **sample("openai_usage_completions")[0],
        "input_tokens": uncached + cached + written,
        "input_cached_tokens": cached,
        "input_cache_write_tokens": written,
        "input_uncached_tokens": uncached,
        "output_tokens": output,
        "num_model_requests": calls,
    }
    found = read("openai_usage_completions", record)
    assert sum(row.tokens_usage_export for row in found) == record["input_tokens"] + output
    assert sum(row.requests or 0 for row in found) == calls


# Refusals.

REFUSED = [
    ("openai_usage_completions", {"input_tokens": "9000"}, "E-FIELD-TYPE", "input_tokens"),
    ("openai_usage_completions", {"output_tokens": -1}, "E-FIELD-RANGE", "output_tokens"),
    ("openai_usage_completions", {"output_tokens": None}, "E-FIELD-MISSING", "output_tokens"),
    ("openai_usage_completions", {"num_model_requests": None}, "E-FIELD-MISSING", "num_model_requests"),
    ("openai_usage_completions", {"input_cached_tokens": 9001}, "E-USAGE-PARTS", "input_tokens"),
    ("openai_usage_completions", {"input_uncached_tokens": 3000}, "E-USAGE-PARTS", "input_uncached_tokens"),
    ("openai_usage_completions", {"model": None}, "E-FIELD-MISSING", "model"),
    ("openai_usage_completions", {"batch": "no"}, "E-FIELD-TYPE", "batch"),
    ("openai_usage_completions", {"start_time": 1783123200000}, "E-FIELD-TIME", "start_time"),
    ("openai_usage_completions", {"end_time": 1783123200}, "E-FIELD-PERIOD", "end_time"),
    ("openai_usage_embeddings", {"input_tokens": Decimal("81.0")}, "E-FIELD-TYPE", "input_tokens"),
    ("openai_costs", {"amount": None}, "E-FIELD-MISSING", "amount.value"),
    ("openai_costs", {"amount": Decimal("0.06")}, "E-FIELD-TYPE", "amount"),
    ("openai_costs", {"amount": {"value": "1,234.56", "currency": "usd"}}, "E-FIELD-DECIMAL", "amount.value"),
    ("openai_costs", {"amount": {"value": 10**20, "currency": "usd"}}, "E-FIELD-RANGE", "amount.value"),
    ("openai_costs", {"amount": {"value": 1, "currency": "dollars"}}, "E-FIELD-CURRENCY", "currency"),
    ("openai_costs", {"object": "organization.usage.costs"}, "E-RESULT-KIND", "object"),
    ("anthropic_usage_report", {"cache_creation": None}, "E-FIELD-MISSING", "ephemeral_5m_input_tokens"),
    (
        "anthropic_usage_report",
        {"cache_creation": {"ephemeral_24h_input_tokens": 1}},
        "E-USAGE-SHAPE",
        "cache_creation",
    ),
    ("anthropic_usage_report", {"cache_read_input_tokens": True}, "E-FIELD-TYPE", "cache_read_input_tokens"),
    ("anthropic_usage_report", {"starting_at": "2026-07-04T00:00:00"}, "E-FIELD-TIME", "starting_at"),
    ("anthropic_cost_report", {"amount": Decimal("1.23")}, "E-FIELD-TYPE", "amount"),
    ("anthropic_cost_report", {"amount": "1,234.56"}, "E-FIELD-DECIMAL", "amount"),
    ("anthropic_cost_report", {"amount": "NaN"}, "E-FIELD-DECIMAL", "amount"),
    ("anthropic_cost_report", {"currency": None}, "E-FIELD-MISSING", "currency"),
    ("focus_csv", {"BilledCost": "NULL"}, "E-FIELD-MISSING", "BilledCost"),
    ("focus_csv", {"BilledCost": "$0.20"}, "E-FIELD-DECIMAL", "BilledCost"),
    ("focus_csv", {"BillingCurrency": "Credits"}, "E-FIELD-CURRENCY", "BillingCurrency"),
    ("focus_csv", {"ChargeCategory": "usage"}, "E-FIELD-VALUE", "ChargeCategory"),
    ("focus_csv", {"ChargePeriodStart": "7/4/26"}, "E-FIELD-TIME", "ChargePeriodStart"),
    ("focus_csv", {"ChargePeriodEnd": "2026-07-03T00:00:00Z"}, "E-FIELD-PERIOD", "ChargePeriodEnd"),
    ("focus_csv", {"SkuPriceDetails": '{"ModelId": '}, "E-JSON-SYNTAX", "SkuPriceDetails"),
    ("focus_csv", {"SkuPriceDetails": "[1]"}, "E-FIELD-TYPE", "SkuPriceDetails"),
    ("invoice_csv", {"BilledCost": "1,234.56"}, "E-FIELD-DECIMAL", "BilledCost"),
    ("invoice_csv", {"InvoiceId": ""}, "E-FIELD-MISSING", "InvoiceId"),
    ("invoice_csv", {"BillingPeriodEnd": "2026-08-01T00:00:00"}, "E-FIELD-TIME", "BillingPeriodEnd"),
    ("invoice_csv", {"InvoiceIssueDate": "3 Aug 2026"}, "E-FIELD-TIME", "InvoiceIssueDate"),
]


@pytest.mark.parametrize(("name", "change", "rule", "field"), REFUSED)
def test_a_record_that_breaks_a_rule_is_refused_by_name(
    name: str, change: dict[str, Any], rule: str, field: str
) -> None:
    with pytest.raises(RecordRejected) as caught:
        read(name, {**sample(name)[0], **change})
    assert (caught.value.rule, caught.value.field) == (rule, field)
    written = next(iter(change.values()))
    assert not (isinstance(written, str) and written and written in str(caught.value)), "values stay private"


@pytest.mark.parametrize(
    ("name", "column"),
    [(name, column) for name in ("focus_csv", "invoice_csv") for column in FORMATS[name].columns],
)
def test_required_columns_are_those_a_record_cannot_miss(name: str, column: str) -> None:
    record = sample(name)[0]
    without = {key: value for key, value in record.items() if key != column}
    if (name, column) == ("invoice_csv", "InvoiceIssueDate"):
        assert read(name, without)[0].invoice_issue_date is None
    else:
        with pytest.raises(RecordRejected) as caught:
            read(name, without)
        assert caught.value.field == column
