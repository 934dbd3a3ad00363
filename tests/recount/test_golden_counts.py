"""Counts that others made: other tokenizers of one vocabulary, and the providers' own meters."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from tickmark import recount, strictyaml
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters, sources

GOLDEN = Path(__file__).resolve().parents[1] / "golden_counts"
COMPUTED = json.loads((GOLDEN / "computed.json").read_text("utf-8"))
BILLED: list[dict[str, object]] = []
for name in ("billed.yaml", "billed_tools.yaml", "billed_template_tools.yaml"):
    requests = strictyaml.load(GOLDEN / name, name)
    assert isinstance(requests, list)
    BILLED += requests


@pytest.mark.parametrize("vocabulary", COMPUTED["columns"][1:])
def test_every_text_counts_as_another_implementation_counts_it(
    vocabulary: str, specs: SpecBook, counters: Counters
) -> None:
    if reason := sources.missing(specs.vocabularies[vocabulary]):
        pytest.skip(reason)
    column = COMPUTED["columns"].index(vocabulary)
    texts = [row[0] for row in COMPUTED["rows"]]
    assert counters[vocabulary].count(texts) == [row[column] for row in COMPUTED["rows"]]


@pytest.mark.parametrize("request_", BILLED, ids=lambda r: f"{r['at']} {r.get('on')}")
def test_every_request_counts_as_its_provider_billed_it(
    request_: dict[str, object], specs: SpecBook, counters: Counters
) -> None:
    provider, operation, model = str(request_["at"]).split("/", 2)
    body = request_["body"]
    assert isinstance(body, dict)
    on = request_.get("on")
    started = None if on is None else datetime.combine(date.fromisoformat(str(on)), time(12), UTC)
    plan = recount.plan(provider, operation, model, started, {"model": model, **body}, specs)
    if plan.reason == sources.NOT_INSTALLED.format("llama"):
        pytest.skip(plan.reason)
    assert plan.reason is None
    # Hosts with few recordings claim `exact_text`; the count agrees all the same.
    claims = [request_["exactness"]] if "exactness" in request_ else ["exact", "exact_text"]
    assert plan.exactness in claims
    assert recount.count([plan], counters) == [request_["billed"]]
