"""The bill side of the simulated month: usage exports, cost reports and invoices as providers deliver them.

Lives here: shapes of documents, with a daily bucket for every day of the month, empty ones too.
Does not live here: quantities (metering) and amounts (billing, faults).
"""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from tickmark.invoices.invoice_csv import COLUMNS as INVOICE_COLUMNS
from tickmark.months import Month
from tickmark.simulator.billing import Charge, plain
from tickmark.simulator.calls import Body, DayUsage

Item = TypeVar("Item", DayUsage, Charge)
Frame = Callable[[datetime, datetime], Body]

ISSUERS = {"openai": "OpenAI", "anthropic": "Anthropic", "mistral_ai": "Mistral AI"}
_OPENAI_METERS = {"uncached_input": "input", "cache_read": "cached input", "output": "output"}
_ANTHROPIC_METERS = {
    "uncached_input": "uncached_input_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
    "output": "output_tokens",
}
_MILLION = 1_000_000
_CENTS = 100


def write(
    folder: Path,
    month: Month,
    usage: Sequence[DayUsage],
    charges: Sequence[Charge],
    invoiced: Mapping[str, Decimal],
) -> None:
    """Every document of every provider, and the invoices."""
    folder.mkdir(parents=True, exist_ok=True)
    write_openai(folder, month, usage, charges)
    _write_anthropic(folder, month, usage, charges)
    _write_mistral(folder, month, charges)
    write_invoices(folder, month, invoiced)


def write_openai(folder: Path, month: Month, usage: Iterable[DayUsage], charges: Iterable[Charge]) -> None:
    """Usage export of completions and embeddings, and the cost report."""
    mine = [bucket for bucket in usage if bucket.provider == "openai"]
    chats = [bucket for bucket in mine if bucket.operation == "chat"]
    embedded = [bucket for bucket in mine if bucket.operation == "embeddings"]
    charged = [charge for charge in charges if charge.provider == "openai"]
    for name, results in (
        ("openai_usage_completions", _by_day(chats, _completions)),
        ("openai_usage_embeddings", _by_day(embedded, _embeddings)),
        ("openai_costs", _by_day(charged, _openai_cost)),
    ):
        _write_pages(folder / f"{name}-{month}.json", month, _openai_frame, results, object="page")


def _write_anthropic(
    folder: Path, month: Month, usage: Iterable[DayUsage], charges: Iterable[Charge]
) -> None:
    """Usage report of the Messages API, and the cost report."""
    metered = [bucket for bucket in usage if bucket.provider == "anthropic"]
    charged = [charge for charge in charges if charge.provider == "anthropic"]
    for name, results in (
        ("anthropic_usage_report", _by_day(metered, _messages)),
        ("anthropic_cost_report", _by_day(charged, _anthropic_cost)),
    ):
        _write_pages(folder / f"{name}-{month}.json", month, _anthropic_frame, results)


def _write_mistral(folder: Path, month: Month, charges: Iterable[Charge]) -> None:
    """The FOCUS export, which carries quantities and amounts."""
    lines = [_focus(charge, month) for charge in charges if charge.provider == "mistral_ai"]
    _write_csv(folder / f"focus-mistral-{month}.csv", list(lines[0]), lines)


def write_invoices(folder: Path, month: Month, totals: Mapping[str, Decimal]) -> None:
    """The payable documents, as finance typed them in."""
    lines = [
        {
            "InvoiceIssuerName": ISSUERS[provider],
            "InvoiceId": _invoice_id(provider, month),
            "InvoiceIssueDate": month.end.date().isoformat(),
            "BillingPeriodStart": _rfc3339(month.start),
            "BillingPeriodEnd": _rfc3339(month.end),
            "BilledCost": str(total),
            "BillingCurrency": "USD",
        }
        for provider, total in totals.items()
    ]
    _write_csv(folder / f"invoices-{month}.csv", INVOICE_COLUMNS, lines)


def _by_day(items: Iterable[Item], result: Callable[[Item], Body]) -> dict[date, list[Body]]:
    found: dict[date, list[Body]] = {}
    for item in items:
        found.setdefault(item.day, []).append(result(item))
    return found


def _write_pages(
    path: Path, month: Month, frame: Frame, results: Mapping[date, list[Body]], **kind: str
) -> None:
    buckets: list[Body] = []
    start = month.start
    while start < month.end:
        end = start + timedelta(days=1)
        buckets.append({**frame(start, end), "results": results.get(start.date(), [])})
        start = end
    page = {**kind, "has_more": False, "next_page": None, "data": buckets}
    path.write_text(json.dumps(page, indent=1) + "\n", "utf-8")


def _openai_frame(start: datetime, end: datetime) -> Body:
    return {"object": "bucket", "start_time": int(start.timestamp()), "end_time": int(end.timestamp())}


def _anthropic_frame(start: datetime, end: datetime) -> Body:
    return {"starting_at": _rfc3339(start), "ending_at": _rfc3339(end)}


def _completions(bucket: DayUsage) -> Body:
    cached = bucket.tokens.get("cache_read", 0)
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": bucket.tokens.get("uncached_input", 0) + cached,
        "input_cached_tokens": cached,
        "output_tokens": bucket.tokens.get("output", 0),
        "num_model_requests": bucket.requests,
        "model": bucket.model,
        "batch": False,
        "service_tier": "default",
        "project_id": None,
        "api_key_id": None,
    }


def _embeddings(bucket: DayUsage) -> Body:
    return {
        "object": "organization.usage.embeddings.result",
        "input_tokens": bucket.tokens["uncached_input"],
        "num_model_requests": bucket.requests,
        "model": bucket.model,
        "project_id": None,
        "api_key_id": None,
    }


def _openai_cost(charge: Charge) -> Body:
    return {
        "object": "organization.costs.result",
        # As text: the endpoint writes it both ways, and only text keeps every digit.
        "amount": {"value": plain(charge.cost_usd), "currency": "usd"},
        "line_item": f"{charge.model}, {_OPENAI_METERS[charge.token_class]}",
        "project_id": None,
        "organization_id": "org-example",
    }


def _messages(bucket: DayUsage) -> Body:
    written = {
        "ephemeral_5m_input_tokens": bucket.tokens.get("cache_write_5m", 0),
        "ephemeral_1h_input_tokens": 0,
    }
    return {
        "uncached_input_tokens": bucket.tokens.get("uncached_input", 0),
        "cache_creation": written,
        "cache_read_input_tokens": bucket.tokens.get("cache_read", 0),
        "output_tokens": bucket.tokens.get("output", 0),
        "server_tool_use": {"web_search_requests": 0},
        "model": bucket.model,
        "service_tier": "standard",
        "context_window": "0-200k",
        "workspace_id": None,
        "api_key_id": None,
    }


def _anthropic_cost(charge: Charge) -> Body:
    meter = _ANTHROPIC_METERS[charge.token_class]
    return {
        "amount": plain(charge.cost_usd * _CENTS),
        "currency": "USD",
        "cost_type": "tokens",
        "token_type": meter,
        "model": charge.model,
        "service_tier": "standard",
        "context_window": "0-200k",
        "workspace_id": None,
        "description": f"{charge.model} Usage - {meter}",
    }


def _focus(charge: Charge, month: Month) -> dict[str, str]:
    start = datetime.combine(charge.day, time(), UTC)
    direction = "Output" if charge.token_class == "output" else "Input"
    details = {"ModelId": charge.model, "TokenDirection": direction, "TokenCacheAction": "Uncached"}
    price, cost = plain(charge.usd_per_token * _MILLION), plain(charge.cost_usd)
    return {
        "InvoiceIssuerName": ISSUERS[charge.provider],
        "ServiceProviderName": ISSUERS[charge.provider],
        "BillingAccountId": "acct-example",
        "InvoiceId": _invoice_id(charge.provider, month),
        "BillingPeriodStart": _rfc3339(month.start),
        "BillingPeriodEnd": _rfc3339(month.end),
        "ChargePeriodStart": _rfc3339(start),
        "ChargePeriodEnd": _rfc3339(start + timedelta(days=1)),
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeDescription": f"{charge.model} {charge.token_class}",
        "SkuId": f"{charge.model}-{charge.token_class}",
        "SkuMeter": charge.token_class,
        "SkuPriceDetails": json.dumps(details),
        "ConsumedQuantity": str(charge.tokens),
        "ConsumedUnit": "Tokens",
        "PricingQuantity": plain(Decimal(charge.tokens).scaleb(-6)),
        "PricingUnit": "1000000 Tokens",
        "ListUnitPrice": price,
        "ContractedUnitPrice": price,
        "ListCost": cost,
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "BilledCost": cost,
        "BillingCurrency": "USD",
    }


def _write_csv(path: Path, columns: Sequence[str], lines: Iterable[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def _invoice_id(provider: str, month: Month) -> str:
    return f"{provider.split('_', 1)[0].upper()}-{month}"


def _rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
