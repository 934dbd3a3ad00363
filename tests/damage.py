"""Damage done to the real month by the tests, with its truth computed apart from the product.

Each function edits the files of a home's landing folder and returns what must come out, priced with
genai-prices' own calculator: not with the rate book, nor with any of our SQL.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from genai_prices import Usage, calc_price

Json = dict[str, Any]
Money = dict[tuple[str, str], Decimal]
"""(provider, model) → USD."""

PROVIDERS = {"mistral": "mistral_ai", "xai": "x_ai"}
CATALOGUE = {"mistral_ai": "mistral", "x_ai": "x-ai"}


def edit_jsonl(path: Path, change: Callable[[list[Json]], list[Json]]) -> None:
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    path.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in change(lines)).encode()))


def edit_json(path: Path, change: Callable[[Json], None]) -> None:
    document = json.loads(path.read_text(), parse_float=Decimal)
    change(document)
    path.write_text(json.dumps(document, default=float))


def cost(provider: str, model: str, when: str, usage: Json) -> Decimal:
    """What one response costs at list prices."""
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0
    split = usage.get("cache_creation") or {}
    if provider == "anthropic":
        parts = {
            "cache_read_tokens": usage.get("cache_read_input_tokens") or 0,
            "cache_write_5m_tokens": split.get("ephemeral_5m_input_tokens") or 0,
            "cache_write_1h_tokens": split.get("ephemeral_1h_input_tokens") or 0,
        }
        total = usage["input_tokens"] + sum(parts.values())
        parts["cache_write_tokens"] = parts["cache_write_5m_tokens"] + parts["cache_write_1h_tokens"]
    else:
        parts, total = {"cache_read_tokens": cached}, usage.get("prompt_tokens", usage.get("input_tokens"))
    output = usage.get("completion_tokens", usage.get("output_tokens")) or 0
    counted = Usage(input_tokens=total, output_tokens=output, **{name: n for name, n in parts.items() if n})
    instant = datetime.fromisoformat(when)
    price = calc_price(
        counted, model, provider_id=CATALOGUE.get(provider, provider), genai_request_timestamp=instant
    )
    return price.total_price


def billed(gateways: Path) -> Iterator[tuple[Path, int, str, str, Decimal]]:
    """Every billed attempt: file, line number from 0, provider, model, cost."""
    for path in sorted(gateways.iterdir()):
        for number, line in enumerate(gzip.decompress(path.read_bytes()).splitlines()):
            row = json.loads(line)
            if "custom_llm_provider" in row:
                usage, when = (
                    json.loads(row["metadata"])["usage_object"],
                    row["startTime"].replace(" ", "T") + "Z",
                )
                provider, model = row["custom_llm_provider"], row["model"]
            else:
                usage, when = (row["response"] or {}).get("usage"), row["timestamp"]
                provider, model = row["provider"], (row["response"] or {}).get("model")
            if usage:
                provider = PROVIDERS.get(provider, provider)
                yield path, number, provider, model, cost(provider, model, when, usage)


def remove_a_tenth(home: Path) -> Money:
    """Every tenth log line is lost; the truth is what the provider billed for those lines."""
    gateways = home / "landing" / "gateways"
    lost: Money = defaultdict(Decimal)
    for _, number, provider, model, usd in billed(gateways):
        if number % 10 == 3:
            lost[provider, model] += usd
    for path in gateways.iterdir():
        edit_jsonl(path, lambda lines: [line for number, line in enumerate(lines) if number % 10 != 3])
    return {key: usd for key, usd in lost.items() if usd}


def bill_high(home: Path, model: str, share: Decimal) -> Decimal:
    """One OpenAI model is billed too high; the truth is the part that is too much."""
    extra = Decimal(0)

    def raise_lines(page: Json) -> None:
        nonlocal extra
        for result in results(page):
            if result["line_item"].startswith(model + ","):
                before = result["amount"]["value"]
                result["amount"]["value"] = before * (1 + share)
                extra += before * share

    edit_json(home / "landing/bills/openai_costs-2026-01.json", raise_lines)
    reissue_openai_invoice(home)
    return extra


def bill_cached_as_uncached(home: Path) -> dict[str, Decimal]:
    """OpenAI's cost report charges cached input at the full price; the usage export is as before."""
    lost: dict[str, Decimal] = {}

    def move(page: Json) -> None:
        for bucket in page["data"]:
            cached = [r for r in bucket["results"] if r["line_item"].endswith(", cached input")]
            for result in cached:
                model = result["line_item"].split(",")[0]
                full = next(r for r in bucket["results"] if r["line_item"] == f"{model}, input")
                # gpt-4o and gpt-4o-mini: cached input costs half (OpenAI's price page, 2025).
                full["amount"]["value"] += 2 * result["amount"]["value"]
                lost[model] = lost.get(model, Decimal(0)) + result["amount"]["value"]
                bucket["results"].remove(result)

    edit_json(home / "landing/bills/openai_costs-2026-01.json", move)
    reissue_openai_invoice(home)
    return lost


def triple_retries(home: Path) -> Decimal:
    """Every fifth OpenAI chat call is retried, once until mid-month, three times after; all of it is billed.

    The truth is the cost of the retries of the last 14 days.
    """
    recent = Decimal(0)
    added: list[Json] = []

    def retry(lines: list[Json]) -> list[Json]:
        nonlocal recent
        chat = [
            r for r in lines if r["url"].endswith("openai.com/v1/chat/completions") and r["status"] == 200
        ]
        uncached = [r for r in chat if not r["response"]["usage"]["prompt_tokens_details"]["cached_tokens"]]
        for row in uncached[::5]:
            late = row["timestamp"] >= "2026-01-18"
            added.extend(_retry_of(row, number) for number in range(1, 4 if late else 2))
            if late:
                recent += 3 * cost(
                    "openai", row["response"]["model"], row["timestamp"], row["response"]["usage"]
                )
        return lines + added

    edit_jsonl(home / "landing/gateways/exchanges-2026-01.jsonl.gz", retry)
    edit_json(home / "landing/bills/openai_usage_completions-2026-01.json", lambda page: _meter(page, added))
    edit_json(home / "landing/bills/openai_costs-2026-01.json", lambda page: _charge(page, added))
    reissue_openai_invoice(home)
    return recent


def _retry_of(row: Json, number: int) -> Json:
    again = deepcopy(row)
    instant = datetime.fromisoformat(row["timestamp"]) + timedelta(seconds=2 * number)
    # Never into another day: the export counts by day.
    again["timestamp"] = min(instant.strftime("%Y-%m-%dT%H:%M:%SZ"), row["timestamp"][:10] + "T23:59:59Z")
    again["request_headers"]["x-stainless-retry-count"] = str(number)
    again["response"]["id"] += f"-retry{number}"
    return again


def _bucket(page: Json, row: Json) -> list[Json]:
    day = int(datetime.fromisoformat(row["timestamp"][:10] + "T00:00:00+00:00").timestamp())
    return next(bucket["results"] for bucket in page["data"] if bucket["start_time"] == day)


def _meter(page: Json, added: list[Json]) -> None:
    for row in added:
        usage = row["response"]["usage"]
        result = next(r for r in _bucket(page, row) if r["model"] == row["response"]["model"])
        result["input_tokens"] += usage["prompt_tokens"]
        result["input_cached_tokens"] += usage["prompt_tokens_details"]["cached_tokens"]
        result["output_tokens"] += usage["completion_tokens"]
        result["num_model_requests"] += 1


def _charge(page: Json, added: list[Json]) -> None:
    for row in added:
        model, usage = row["response"]["model"], row["response"]["usage"]
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        price = calc_price(
            Usage(
                input_tokens=usage["prompt_tokens"],
                cache_read_tokens=cached,
                output_tokens=usage["completion_tokens"],
            ),
            model,
            provider_id="openai",
            genai_request_timestamp=datetime.fromisoformat(row["timestamp"]),
        )
        for item, usd in (("input", price.input_price), ("output", price.output_price)):
            line = next(r for r in _bucket(page, row) if r["line_item"] == f"{model}, {item}")
            line["amount"]["value"] = Decimal(str(line["amount"]["value"])) + usd


def results(page: Json) -> Iterator[Json]:
    for bucket in page["data"]:
        yield from bucket["results"]


def reissue_openai_invoice(home: Path) -> None:
    """The invoice follows the cost report, rounded half up to the cent."""
    page = json.loads((home / "landing/bills/openai_costs-2026-01.json").read_text(), parse_float=Decimal)
    total = sum((Decimal(str(r["amount"]["value"])) for r in results(page)), Decimal(0))
    path = home / "landing/bills/invoices-2026-01.csv"
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        if line.startswith("OpenAI,"):
            cells = line.split(",")
            cells[5] = str(total.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
            lines[number] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
