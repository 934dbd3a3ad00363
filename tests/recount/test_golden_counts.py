"""Counts that others made: other tokenizers of one vocabulary, and the providers' own meters."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from tickmark import recount, strictyaml
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

GOLDEN = Path(__file__).resolve().parents[1] / "golden_counts"
COMPUTED = json.loads((GOLDEN / "computed.json").read_text("utf-8"))
BILLED: list[dict[str, object]] = []
for name in ("billed.yaml", "billed_tools.yaml"):
    requests = strictyaml.load(GOLDEN / name, name)
    assert isinstance(requests, list)
    BILLED += requests


@pytest.mark.parametrize("vocabulary", COMPUTED["columns"][1:])
def test_every_text_counts_as_another_implementation_counts_it(vocabulary: str, counters: Counters) -> None:
    column = COMPUTED["columns"].index(vocabulary)
    texts = [row[0] for row in COMPUTED["rows"]]
    assert counters[vocabulary].count(texts) == [row[column] for row in COMPUTED["rows"]]


@pytest.mark.parametrize("request_", BILLED, ids=lambda r: f"{r['at']} {r['on']}")
def test_every_request_counts_as_its_provider_billed_it(
    request_: dict[str, object], specs: SpecBook, counters: Counters
) -> None:
    provider, operation, model = str(request_["at"]).split("/")
    body = request_["body"]
    assert isinstance(body, dict)
    started = datetime.combine(date.fromisoformat(str(request_["on"])), time(12), UTC)
    plan = recount.plan(provider, operation, model, started, {"model": model, **body}, specs)
    assert (plan.exactness, plan.reason) == (request_.get("exactness", "exact"), None)
    assert recount.count([plan], counters) == [request_["billed"]]
