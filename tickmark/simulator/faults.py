"""What goes wrong in the simulated month, each fault on a model of its own so that none hides another.

Lives here: one function per fault, and which model it strikes. Two faults are behaviour of the company and
stand in its workloads (world): retries that triple, and calls of a model that nobody prices.
Does not live here: what each fault amounts to (truth).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from tickmark.months import Month
from tickmark.simulator.billing import Charge
from tickmark.simulator.calls import GPT_4O, GPT_4O_MINI, GPT_41_MINI, SONNET, Call
from tickmark.simulator.texts import stream

BYPASSING = GPT_4O_MINI
"""A nightly script calls it with a key of its own, past every gateway."""
SCRIPT_CALLS, SCRIPT_INPUT, SCRIPT_OUTPUT = 7, (6_000, 12_000), (200, 900)

USAGE_LOST = GPT_41_MINI
"""Some of its streams are logged without the last chunk, the one that carries the usage."""
STREAMS_LOST = 3

OVERCHARGED = SONNET
OVERCHARGE = Decimal("1.08")
"""What its rate is multiplied with on the bill."""

CACHE_IGNORED = GPT_4O
"""On some days its cached tokens are billed as if they were not cached."""
CACHE_IGNORED_DAYS = range(8, 15)

UNEXPLAINED_PROVIDER = "mistral_ai"
UNEXPLAINED_USD = Decimal("0.07")
"""What the invoice adds to the sum of its lines, rounded to the cent."""


def bypass_gateway(month: Month, seed: int) -> Iterator[Call]:
    """Calls that no gateway sees. No log holds their text, so their token counts are drawn."""
    rng = stream(seed, "bypass")
    for night in range((month.end - month.start).days):
        for number in range(SCRIPT_CALLS):
            yield Call(
                model=BYPASSING,
                gateway="",
                workload="",
                team="",
                session=f"script/{night}/{number}",
                started_at=month.start + timedelta(days=night, hours=2, minutes=2 * number),
                latency_ms=rng.randint(900, 9_000),
                body={},
                answer="",
                tokens={"uncached_input": rng.randint(*SCRIPT_INPUT), "output": rng.randint(*SCRIPT_OUTPUT)},
            )


def lose_usage(calls: Sequence[Call], seed: int) -> None:
    """Let a few streams, each on a day of its own, go into the log without their usage."""
    rng = stream(seed, "lost usage")
    streams: dict[date, list[Call]] = {}
    for call in calls:
        if call.model == USAGE_LOST and call.succeeded and call.streamed:
            streams.setdefault(call.started_at.date(), []).append(call)
    for day in sorted(rng.sample(sorted(streams), STREAMS_LOST)):
        lost = rng.choice(streams[day])
        # The client that forgets to ask for it gets no usage.
        lost.body = {field: value for field, value in lost.body.items() if field != "stream_options"}
        lost.usage_logged = False


def misbill(charges: Iterable[Charge], month: Month) -> list[Charge]:
    """The charges as the providers write them: one rate too high, and some days without cache discount."""
    ignored = {date(month.year, month.number, day) for day in CACHE_IGNORED_DAYS}
    return list(_ignore_cache([_overcharge(charge) for charge in charges], ignored))


def _overcharge(charge: Charge) -> Charge:
    if charge.model != OVERCHARGED.name:
        return charge
    price = charge.usd_per_token * OVERCHARGE
    return replace(charge, usd_per_token=price, cost_usd=price * charge.tokens)


def _ignore_cache(charges: Sequence[Charge], days: set[date]) -> Iterator[Charge]:
    def struck(charge: Charge) -> bool:
        return charge.model == CACHE_IGNORED.name and charge.day in days

    cached = {
        charge.day: charge.tokens
        for charge in charges
        if struck(charge) and charge.token_class == "cache_read"
    }
    for charge in charges:
        if not struck(charge) or charge.token_class == "output":
            yield charge
        elif charge.token_class == "uncached_input":
            tokens = charge.tokens + cached.get(charge.day, 0)
            yield replace(charge, tokens=tokens, cost_usd=charge.usd_per_token * tokens)


def add_unexplained(invoiced: dict[str, Decimal]) -> dict[str, Decimal]:
    """Invoice totals with an amount on one of them that no line shows."""
    more = {UNEXPLAINED_PROVIDER: invoiced[UNEXPLAINED_PROVIDER] + UNEXPLAINED_USD}
    return invoiced | more
