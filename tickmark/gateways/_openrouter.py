"""What OpenRouter's own records of a generation share: who is billed, its tokens, and how it ended.

Lives here: the tier of BYOK, the counts, and the outcome of a generation.
Does not live here: where an export keeps these fields (the readers' modules).
"""

from tickmark.formats import JsonObject, count
from tickmark.gateways._usage import fill, with_cached
from tickmark.records import Attempt

BYOK = "byok"
"""Tier of generations with the customer's own key: the upstream provider bills their tokens."""


def fill_counts(attempt: Attempt, record: JsonObject, prefix: str) -> None:
    """The counts of a generation, under names with this prefix; none where it made no tokens."""
    names = ("prompt", "completion", "cached", "reasoning")
    prompt, completion, cached, reasoning = (count(record, f"{prefix}{name}") for name in names)
    if prompt is not None and completion is not None:
        fill(attempt, with_cached(prompt, cached, completion, reasoning, field=f"{prefix}cached"))


def end(attempt: Attempt, *, cancelled: bool, failed: bool) -> None:
    """How a generation ended: what was generated before an abort is billed, a failure only where it cost."""
    if failed:
        attempt.outcome, attempt.billable_expected = "provider_error", bool(attempt.cost_usd_gateway)
    elif cancelled:
        attempt.outcome = "client_abort"
        attempt.billable_expected = None if attempt.usage_origin == "missing" else True
