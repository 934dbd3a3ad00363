"""A small month on Amazon Bedrock: LiteLLM's log against the cost and usage report, with and without aliases.

Every figure is worked out here: tokens of three models in two routings at AWS's list prices of 2026.
"""

import csv
import gzip
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from pipelines import homes
from tests.conftest import tickmark

pytestmark = pytest.mark.slow
CALLS_A_DAY, DAYS = 5, (4, 5)


class Used(NamedTuple):
    """One call of a model: what the log says of it and how AWS charges for it."""

    billed_as: str
    tokens: Mapping[str, int]
    usd_per_million: Mapping[str, Decimal]
    usage_type: str
    words: Mapping[str, str]
    product: str = ""


CLASSIC = {"input": "input-tokens", "read": "cache-read-input-token-count", "output": "output-tokens"}
SOLD = {"input": "InputTokenCount", "read": "CacheReadInputTokenCount", "output": "OutputTokenCount"}
SONNET, EDITION = "anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5 (Amazon Bedrock Edition)"
MODELS = {
    "amazon.nova-lite-v1:0": Used(
        "NovaLite",
        {"input": 800, "read": 200, "output": 101},
        {"input": Decimal("0.06"), "read": Decimal("0.015"), "output": Decimal("0.24")},
        *("USE1-NovaLite-{}", CLASSIC),
    ),
    f"global.{SONNET}": Used(
        "Claude Sonnet 4.5 global",
        {"input": 1503, "read": 500, "output": 57},
        {"input": Decimal(3), "read": Decimal("0.3"), "output": Decimal(15)},
        *("USE1-MP:USE1_{}_Global-Units", SOLD, EDITION),
    ),
    f"us.{SONNET}": Used(
        "Claude Sonnet 4.5",
        {"input": 700, "output": 70},
        {"input": Decimal("3.3"), "output": Decimal("16.5")},
        *("USE1-MP:USE1_{}-Units", SOLD, EDITION),
    ),
}
BILLED = sum(
    CALLS_A_DAY * len(DAYS) * count * used.usd_per_million[kind] / 10**6
    for used in MODELS.values()
    for kind, count in used.tokens.items()
)


def call(model: str, day: int, number: int) -> dict[str, Any]:
    """One row of LiteLLM's table."""
    tokens = MODELS[model].tokens
    prompt = tokens["input"] + tokens.get("read", 0)
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": tokens["output"],
        "total_tokens": prompt + tokens["output"],
        "prompt_tokens_details": {"cached_tokens": tokens.get("read", 0)},
    }
    return {
        "request_id": f"chatcmpl-{model}-{day}-{number}",
        "call_type": "acompletion",
        "startTime": f"2026-07-{day:02} 09:{number:02}:00",
        "endTime": f"2026-07-{day:02} 09:{number:02}:02",
        "model": model,
        "custom_llm_provider": "bedrock",
        "metadata": {"usage_object": usage},
        "status": "success",
    }


def charged(used: Used, day: int, kind: str) -> dict[str, str]:
    """One line of the report: a day, a model, a class."""
    count = CALLS_A_DAY * used.tokens[kind]
    return {
        "line_item_line_item_type": "Usage",
        "line_item_product_code": "sold" if used.product else "AmazonBedrock",
        "line_item_usage_type": used.usage_type.format(used.words[kind]),
        "line_item_usage_start_date": f"2026-07-{day:02}T00:00:00.000Z",
        "line_item_usage_end_date": f"2026-07-{day + 1:02}T00:00:00.000Z",
        "line_item_usage_amount": str(Decimal(count) / (10**6 if used.product else 1000)),
        "pricing_unit": "Units" if used.product else "1K tokens",
        "line_item_unblended_cost": str(used.usd_per_million[kind] * count / 10**6),
        "line_item_currency_code": "USD",
        "product": json.dumps({"product_name": used.product}),
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bedrock") / "home"
    homes.make(folder)
    calls = [call(model, day, n) for model in MODELS for day in DAYS for n in range(CALLS_A_DAY)]
    log = "".join(json.dumps(each) + "\n" for each in calls)
    (folder / "landing/gateways/litellm-2026-07.jsonl").write_text(log)
    lines = [charged(used, day, kind) for used in MODELS.values() for day in DAYS for kind in used.tokens]
    other = {**lines[0], "line_item_product_code": "AmazonEC2", "line_item_unblended_cost": "5"}
    with gzip.open(folder / "landing/bills/cur-2026-07.csv.gz", "wt", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows([*lines, other])
    return folder


def close(home: Path, aliases: Mapping[str, str]) -> None:
    config = {
        "gateways": [{"name": "log", "format": "litellm_spend_logs", "files": "landing/gateways/*{month}*"}],
        "bills": [{"name": "cur", "format": "aws_cur2", "files": "landing/bills/cur*{month}*"}],
        "model_aliases": {"aws.bedrock": dict(aliases)},
    }
    (home / "tickmark.yaml").write_text(json.dumps(config))
    ran = tickmark("close", "2026-07", "--home", home, "--quiet")
    assert ran.code == 0, ran.err


def asked(home: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "finance.duckdb"), read_only=True) as database:
        return database.execute(query).fetchall()


def test_with_aliases_every_line_of_the_bill_meets_the_log(home: Path) -> None:
    close(home, {used.billed_as: model for model, used in MODELS.items()})
    assert asked(home, "select cost_usd_expected, cost_usd_billed, status from report.month_close") == [
        (BILLED, BILLED, "no_invoice")
    ]
    ties = asked(home, "select model, tokens_logged, tokens_billed from report.token_tieout")
    assert len(ties) == sum(len(used.tokens) for used in MODELS.values()) * len(DAYS)
    assert all(logged == billed for _, logged, billed in ties)
    assert asked(home, "select * from report.breaks") == []


def test_without_them_both_names_are_breaks_and_nothing_is_matched_by_likeness(home: Path) -> None:
    close(home, {})
    found = asked(
        home, "select distinct model, cause_code from report.variance_bridge where cause_code like 'D%'"
    )
    assert {model for model, cause in found if cause == "D11"} == set(MODELS)
    assert {model for model, cause in found if cause == "D02"} == {used.billed_as for used in MODELS.values()}
