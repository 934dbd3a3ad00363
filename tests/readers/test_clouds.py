"""Bills of clouds: what their meters say, the real files there are, the same rows from every container."""

import csv
import io
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.readers.reading import SAMPLES, read
from tickmark import strictjson
from tickmark.errors import InputRejectedError, RecordRejected
from tickmark.invoices import FORMATS
from tickmark.invoices import azure_cost_details as azure
from tickmark.invoices._meters import Meter, meter
from tickmark.invoices.focus_csv import charge
from tickmark.records import BillingLine, CreditEntry

MAPPED = [
    # Public price lists and AWS's documentation, 2026.
    ("aws", "USE1-Claude3Sonnet-input-tokens", "Claude3Sonnet", "uncached_input", "standard"),
    ("aws", "EU-TitanEmbeddingV2-Text-input-tokens", "TitanEmbeddingV2-Text", "uncached_input", "standard"),
    ("aws", "USE1-Llama4-Maverick-17B-input-tokens-batch", "Llama4-Maverick-17B", "uncached_input", "batch"),
    (
        "aws",
        "USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global",
        *("Claude4.6Opus global", "cache_read", "standard"),
    ),
    (
        "aws",
        "USE1-Claude4.6Opus-cache-write-input-token-count",
        "Claude4.6Opus",
        "cache_write_5m",
        "standard",
    ),
    ("aws", "USE1-xai.grok-4.3-mantle-output-tokens-priority", "xai.grok-4.3", "output", "priority"),
    (
        "aws",
        "UGW1-openai.gpt-5.6-terra-mantle-cache-write-tokens-30m-long-ctx-standard",
        *("openai.gpt-5.6-terra", "cache_write_30m", "standard"),
    ),
    ("aws", "USW2-MP:USW2_InputTokenCount_Global_Batch-Units", "Sold global", "uncached_input", "batch"),
    ("aws", "USE1-MP:USE1_cache_write_tokens_1h_standard-Units", "Sold", "cache_write_1h", "standard"),
    ("azure", "gpt-4o 1120 cached Inp glbl Tokens", "gpt-4o 1120 global", "cache_read", "standard"),
    ("azure", "GPT 5 outpt Glbl 1M Tokens", "GPT 5 global", "output", "standard"),
    ("azure", "o4-mini 0416 Batch Inp Data Zone Tokens", "o4-mini 0416 data zone", "uncached_input", "batch"),
    ("azure", "gpt 4.1 Inp regnl Tokens", "gpt 4.1", "uncached_input", "standard"),
    ("azure", "5.6 terra ShortCo Cd Inp PP Gl 1M Tokens", "5.6 terra global", "cache_read", "priority"),
    ("azure", "5.6 luna LongCo Cd Wr Std DZ 1M Tokens", "5.6 luna data zone", "cache_write_30m", "standard"),
    ("gcp", "Gemini 2.5 Flash GA Text Input - Predictions", "Gemini 2.5 Flash", "uncached_input", "standard"),
    (
        "gcp",
        "Gemini 2.5 Flash GA Thinking Text Output - Predictions",
        *("Gemini 2.5 Flash", "output", "standard"),
    ),
    (
        "gcp",
        "Gemini 2.5 Flash Lite Text Input - Predictions",
        *("Gemini 2.5 Flash Lite", "uncached_input", "standard"),
    ),
    ("gcp", "Gemini 2.5 Pro Input Text Caching (Long)", "Gemini 2.5 Pro", "cache_read", "standard"),
    (
        "gcp",
        "Gemini 3.7 Flash Global Text Input - Predictions",
        *("Gemini 3.7 Flash global", "uncached_input", "standard"),
    ),
]
NOT_MAPPED = [
    ("aws", "USE1-Qwen3-32B-input-image-token-count"),
    ("aws", "USE1-Qwen3-32B-input-tokens-custom-model"),
    ("aws", "USE1-Qwen3-32B-ProvisionedThroughput-NoCommit-ModelUnits"),
    ("aws", "USE1-Guardrail-AutomatedReasoningPolicyUnitsConsumed"),
    ("aws", "USE1-Sample-input-output-tokens"),
    ("azure", "gpt rt aud 0828 cchd Inp glbl Tokens"),
    ("azure", "5.6 luna Cd Unheard Inp Gl 1M Tokens"),
    ("azure", "Provisioned Managed Global Unit"),
    ("gcp", "Gemini 3 Flash Text Input Caching Storage"),
    ("gcp", "Gemini 2.0 Flash Audio Input - Predictions"),
    ("gcp", "Gemini 9 Flash Batch Priority Text Input - Predictions"),
    ("gcp", ""),
]


@pytest.mark.parametrize(("cloud", "text", "model", "token_class", "tier"), MAPPED)
def test_a_meter_says_model_class_and_tier(
    cloud: str, text: str, model: str, token_class: str, tier: str
) -> None:
    assert meter(cloud, text, "Sold") == Meter(token_class, tier, model)


@pytest.mark.parametrize(("cloud", "text"), NOT_MAPPED)
def test_what_the_words_do_not_say_is_never_guessed(cloud: str, text: str) -> None:
    assert meter(cloud, text, "Sold") == Meter()


def test_a_product_names_the_model_only_where_the_meter_does_not() -> None:
    assert meter("aws", "USE1-MP:USE1_OutputTokenCount-Units").model is None
    assert meter("aws", "USE1-Claude3Sonnet-input-tokens", "Sold").model == "Claude3Sonnet"


# Containers: the same rows from each.


def table(content: bytes, name: str) -> list[Any]:
    if name.endswith(".csv"):
        return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))
    return [strictjson.loads(line) for line in content.decode().splitlines()]


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    typed = [{name: _typed(cell, name) for name, cell in row.items()} for row in rows]
    pq.write_table(pa.Table.from_pylist(typed), file)
    return file.getvalue()


def _typed(cell: Any, name: str) -> Any:
    """Amounts as doubles and times as times, as Athena and BigQuery write them."""
    if isinstance(cell, dict):
        return {inner: _typed(each, inner) for inner, each in cell.items()}
    if isinstance(cell, list):
        return [_typed(each, name) for each in cell]
    if isinstance(cell, Decimal) or name.endswith(("_cost", "_rate", "_amount", "Cost", "Quantity", "Price")):
        return float(cell) if cell not in ("", "NULL") else None
    if len(str(cell)) <= len("2026-07-04"):
        return cell
    try:
        return datetime.fromisoformat(str(cell).replace(" UTC", "Z"))
    except ValueError:
        return cell


def rows(folder: Path, name: str, content: bytes, file: str) -> list[dict[str, Any]]:
    """Billing lines without their place in the file, and what they were written like."""
    found = read(folder, name, content, file).rows["billing_lines"]
    place = ("record_no", "line_no", "byte_offset", "byte_length", "content_hash", "x_amount_text")
    return [{key: value for key, value in row.items() if key not in place} for row in found]


@pytest.mark.parametrize("name", ["focus_csv", "aws_cur2", "azure_cost_details"])
def test_parquet_gives_the_rows_of_csv(tmp_path: Path, name: str) -> None:
    content = (SAMPLES / f"{name}.csv").read_bytes()
    parquet = as_parquet(table(content, "x.csv"))
    assert rows(tmp_path / "p", name, parquet, "x.parquet") == rows(tmp_path / "c", name, content, "x.csv")


def test_bigquery_exports_give_the_same_rows_in_every_container(tmp_path: Path) -> None:
    name, content = "gcp_billing_export", (SAMPLES / "gcp_billing_export.jsonl").read_bytes()
    good = table(content, "x.jsonl")[:1]
    flat = io.StringIO()
    cells = {
        key: json.dumps(value) if isinstance(value, list) else str(value)
        for column, outer in good[0].items()
        for key, value in (
            {f"{column}.{inner}": each for inner, each in outer.items()}
            if isinstance(outer, dict)
            else {column: json.loads(json.dumps(outer, default=float)) if isinstance(outer, list) else outer}
        ).items()
    }
    writer = csv.DictWriter(flat, cells)
    writer.writeheader()
    writer.writerow(cells)
    wanted = rows(tmp_path / "j", name, content, "x.jsonl")[:2]
    assert rows(tmp_path / "c", name, flat.getvalue().encode(), "x.csv") == wanted
    assert rows(tmp_path / "p", name, as_parquet(good), "x.parquet") == wanted


@pytest.mark.parametrize("name", ["aws_cur2", "azure_cost_details", "focus_invoice_detail"])
def test_a_table_of_another_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputRejectedError, match=r"^E-(CSV-HEADER|FILE-FORMAT) "):
        read(tmp_path, name, (SAMPLES / "invoice_csv.csv").read_bytes(), "x.csv")


# Real files.


def cells(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_real_azure_export_has_no_models_and_reads_to_the_cent(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "samples/azure/finops-toolkit/EA_ActualCost_Small.csv"
    report = read(tmp_path, "azure_cost_details", path.read_bytes(), "x.csv").report
    assert (report.read, report.not_usage, report.quarantined, report.blank) == (0, 11, 0, 1)
    lines = [
        azure.charge({key.lower(): cell for key, cell in row.items() if cell}, "azure") for row in cells(path)
    ]
    assert sum(line.billed_cost for line in lines) == sum(Decimal(row["Cost"]) for row in cells(path))
    assert {line.x_model for line in lines} == {None}
    assert [line.charge_category for line in lines].count("Purchase") == 1


def test_the_official_focus_sample_reads_to_the_last_digit(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "samples/focus/FOCUS-Sample-Data/focus_sample.csv"
    report = read(tmp_path, "focus_csv", path.read_bytes(), "x.csv").report
    # 993 rows are other services of AWS and Microsoft; Oracle is not among the clouds we know.
    assert (report.read, report.not_usage, report.quarantined) == (7, 993, 0)
    found = [
        charge({k: v for k, v in row.items() if v not in ("", "NULL")}, "x", None) for row in cells(path)
    ]
    assert sum(line.billed_cost for line in found) == Decimal("20.52022672899")


def focus_rows(path: Path) -> list[BillingLine | CreditEntry]:
    """Rows of a specification example; its American dates are rewritten, for the format refuses them."""
    return [
        row
        for record in cells(path)
        for row in FORMATS["focus_csv"].read({name: _iso(cell) for name, cell in record.items()})
        if isinstance(row, BillingLine | CreditEntry)
    ]


def _iso(cell: str) -> str:
    try:
        return datetime.strptime(cell, "%m/%d/%y").strftime("%Y-%m-%dT00:00:00Z")  # noqa: DTZ007 - a date
    except ValueError:
        return cell.strip()


def test_virtual_currency_is_drawn_from_credit(shared_data: Path) -> None:
    """Billed, consumed and drawn, as the tables of the specification's examples add up."""
    found = {}
    for path in sorted((shared_data / "samples/focus/FOCUS_Spec_1.2_saas").glob("*.csv")):
        both = focus_rows(path)
        billed = sum(row.billed_cost for row in both if isinstance(row, BillingLine))
        found[path.stem] = (billed, sum(row.amount for row in both if isinstance(row, CreditEntry)))
        assert {row.currency for row in both if isinstance(row, CreditEntry)} <= {"Token"}
    assert found == {
        "saas_spend_agreements_a1": (1200, 0),
        "saas_spend_agreements_b1": (1200, 0),
        "virtual_currency_pricing_model_a1": (200000, 0),
        "virtual_currency_pricing_model_a2": (0, -615),
        "virtual_currency_pricing_model_b1": (100000, 0),
        "virtual_currency_pricing_model_b2": (0, -615),
        "virtual_currency_pricing_model_b3": (0, -495),
        "virtual_currency_pricing_model_c": (53000, 0),
    }


def test_ai_examples_of_focus_add_up(shared_data: Path) -> None:
    billed = {
        path.stem: sum(row.billed_cost for row in focus_rows(path) if isinstance(row, BillingLine))
        for path in sorted((shared_data / "samples/focus/FOCUS_Spec_ai").glob("*.csv"))
    }
    assert billed == {
        "ai_prompt_caching_b": Decimal("38.4"),
        "cached_tokens_via_csp_marketplace": Decimal("47.5"),
        "drawdown_via_prepayment_ai_model_api": 500000,
        "multi_model_usage": Decimal("104.5"),
        "per_token_ai_model_api": Decimal("94.5"),
    }


# FOCUS exports of clouds.

FOCUS = {
    "InvoiceIssuerName": "issuer",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-07-04T00:00:00Z",
    "ChargePeriodEnd": "2026-07-05T00:00:00Z",
    "BilledCost": "2.0625",
    "BillingCurrency": "USD",
}
AZURE = {
    "ProviderName": "Microsoft",
    "ServiceName": "Cognitive Services",
    "x_SkuMeterCategory": "Foundry Models",
    "SkuMeter": "5.6 luna ShortCo Cd Inp PP Dz 1M Tokens",
    "ConsumedQuantity": "750000",
    "ConsumedUnit": "Units",
    "PricingQuantity": "0.75",
    "x_PricingBlockSize": "1000000",
}
AWS = {
    "ServiceProviderName": "AWS",
    "ServiceName": "Amazon Bedrock",
    "x_UsageType": "USE1-NovaLite-output-tokens-flex",
    "ConsumedQuantity": "12.5",
    "ConsumedUnit": "1K tokens",
}


def focus(*parts: dict[str, str]) -> list[Any]:
    record = {name: cell for part in (FOCUS, *parts) for name, cell in part.items()}
    return list(FORMATS["focus_csv"].read(record))


def test_the_meter_of_a_cloud_says_what_focus_does_not() -> None:
    said = [
        (row.provider, row.x_model, row.x_token_class, row.x_service_tier, row.consumed_quantity)
        for row in (*focus(AZURE), *focus(AWS))
        if row.consumed_unit == "Tokens"
    ]
    assert said == [
        ("azure", "5.6 luna data zone", "cache_read", "priority", 750000),
        ("aws.bedrock", "NovaLite", "output", "flex", 12500),
    ]


def test_units_are_tokens_only_where_the_row_itself_proves_it() -> None:
    (row,) = focus(AZURE, {"x_PricingBlockSize": "1000"})
    assert (row.consumed_quantity, row.consumed_unit) == (750000, "Units")


def test_what_focus_says_itself_goes_before_the_meter() -> None:
    details = {"SkuPriceDetails": '{"ModelId": "said", "TokenDirection": "Output"}', "ConsumedUnit": "Tokens"}
    (row,) = focus(AWS, details)
    assert (row.x_model, row.x_token_class, row.consumed_quantity) == ("said", "output", Decimal("12.5"))


def test_other_services_of_a_cloud_are_not_usage() -> None:
    assert focus(AWS, {"ServiceName": "Amazon Elastic Compute Cloud"}) == []
    assert focus(AZURE, {"x_SkuMeterCategory": "Virtual Machines"}) == []


def test_a_seller_that_is_no_cloud_sells_models() -> None:
    """A gateway's own FOCUS export names providers as its logs do."""
    sold = [
        focus({"ProviderName": name, "ServiceName": "Any"})[0].provider
        for name in ("azure", "Google", "Acme")
    ]
    assert sold == ["azure", "gcp.gemini", "acme"]


def test_pricing_in_another_national_currency_draws_no_credit() -> None:
    priced = {"PricingCurrencyEffectiveCost": "1.9"}
    assert len(focus(priced, {"PricingCurrency": "EUR"})) == 1
    drawn = focus(priced, {"PricingCurrency": "Credits", "InvoiceId": "I-1"})[1]
    assert (drawn.amount, drawn.currency, drawn.entry_kind, drawn.invoice_id) == (
        *(Decimal("-1.9"), "Credits", "usage", "I-1"),
    )
    assert len(focus(priced, {"PricingCurrency": "Credits", "ChargeCategory": "Tax"})) == 1


# Deliveries of one record.


def test_a_final_report_and_the_one_before_name_a_line_alike() -> None:
    """The id of a line item changes with every refresh, and the invoice id comes at the end."""
    line = table((SAMPLES / "aws_cur2.csv").read_bytes(), "x.csv")[0]
    final = {**line, "identity_line_item_id": "z9", "bill_invoice_id": "SAMPLE-77"}
    (before,), (after,) = FORMATS["aws_cur2"].read(line), FORMATS["aws_cur2"].read(final)
    assert before.record_key == after.record_key
    (other,) = FORMATS["aws_cur2"].read({**line, "line_item_resource_id": "arn:other"})
    assert other.record_key != before.record_key


def test_a_later_correction_of_google_is_a_record_of_its_own() -> None:
    line = table((SAMPLES / "gcp_billing_export.jsonl").read_bytes(), "x.jsonl")[0]
    late = {**line, "export_time": "2026-07-09 03:00:00 UTC"}
    keys = [{row.record_key for row in FORMATS["gcp_billing_export"].read(each)} for each in (line, late)]
    assert not keys[0] & keys[1]


def test_a_voided_invoice_supersedes_what_was_issued(tmp_path: Path) -> None:
    line = table((SAMPLES / "focus_invoice_detail.csv").read_bytes(), "x.csv")[0]
    voided = {**line, "InvoiceIssueStatus": "Voided", "InvoiceDetailLastUpdated": "2026-08-09T00:00:00Z"}
    found = read(tmp_path, "focus_invoice_detail", as_parquet([line, voided]), "x.parquet").rows["invoices"]
    assert len({row["record_key"] for row in found}) == 1
    latest = max(found, key=lambda row: row["record_version"])
    assert latest["billed_cost"] == 0


REFUSED = [
    ("aws_cur2", {"line_item_unblended_cost": ""}, "E-FIELD-MISSING", "line_item_unblended_cost"),
    ("aws_cur2", {"line_item_usage_amount": "1,5"}, "E-FIELD-DECIMAL", "line_item_usage_amount"),
    ("aws_cur2", {"line_item_usage_amount": "9" * 18}, "E-FIELD-RANGE", "line_item_usage_amount"),
    ("aws_cur2", {"product": "{"}, "E-JSON-SYNTAX", "product"),
    ("aws_cur2", {"product": "[]"}, "E-FIELD-TYPE", "product"),
    ("aws_cur2", {"line_item_currency_code": "Dollar"}, "E-FIELD-CURRENCY", "line_item_currency_code"),
    ("azure_cost_details", {"Date": "13/04/2026"}, "E-FIELD-TIME", "date"),
    ("azure_cost_details", {"ChargeType": "Gift"}, "E-FIELD-VALUE", "chargetype"),
    ("azure_cost_details", {"costInBillingCurrency": ""}, "E-FIELD-MISSING", "cost"),
    ("gcp_billing_export", {"credits": {"amount": 1}}, "E-FIELD-TYPE", "credits"),
    ("gcp_billing_export", {"credits": "[{"}, "E-JSON-SYNTAX", "credits"),
    ("gcp_billing_export", {"credits": [{"name": "x"}]}, "E-FIELD-MISSING", "amount"),
    ("gcp_billing_export", {"cost": None}, "E-FIELD-MISSING", "cost"),
    ("gcp_billing_export", {"service": "Vertex AI"}, "E-FIELD-TYPE", "service"),
    ("gcp_billing_export", {"sku": {}}, "E-FIELD-MISSING", "description"),
    ("focus_invoice_detail", {"InvoiceDetailId": ""}, "E-FIELD-MISSING", "InvoiceDetailId"),
    ("focus_invoice_detail", {"BillingCurrency": "Tokens"}, "E-FIELD-CURRENCY", "BillingCurrency"),
]


@pytest.mark.parametrize(("name", "change", "rule", "field"), REFUSED)
def test_a_record_that_breaks_a_rule_is_refused_by_name(
    name: str, change: dict[str, Any], rule: str, field: str
) -> None:
    sample = next(SAMPLES.glob(f"{name}.*"))
    record = {**table(sample.read_bytes(), sample.name)[0], **change}
    with pytest.raises(RecordRejected) as caught:
        list(FORMATS[name].read(record))
    assert (caught.value.rule, caught.value.field) == (rule, field)
