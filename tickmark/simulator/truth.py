"""The truth about the simulated month: its faults and what each amounts to, from the calls themselves.

Lives here: measuring faults row by row, `truth.json` and `TRUTH.md`.
Does not live here: making faults (faults). Amounts are USD, signed as the bridge does: provider - ours.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

from tickmark.months import Month
from tickmark.simulator import faults
from tickmark.simulator.billing import Charge, Rates, plain, totals
from tickmark.simulator.calls import FINE_TUNED, HAIKU, Call, Model
from tickmark.simulator.world import SURGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that a document of the month contains."""

    fault: str
    provider: str
    model: str
    cause_code: str | None
    """The cause that the variance bridge names; None where it makes no variance."""
    red_flag: str | None
    """The flag that this fault is made to raise."""
    cost_usd: Decimal
    tokens: int
    calls: int
    days: tuple[str, ...]
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTruth:
    """Both ends of the bridge: expected + faults with a cause + rounding = invoice."""

    provider: str
    cost_usd_expected: Decimal
    """What the logs show, at the rate book; unpriced models are 0."""
    cost_usd_billed: Decimal
    """Sum of the billing lines."""
    cost_usd_invoiced: Decimal
    cost_usd_rounding: Decimal


@dataclass(frozen=True, slots=True)
class Ledger:
    """What happened, and what was charged for it."""

    month: Month
    calls: Sequence[Call]
    prices: Rates
    charges: Sequence[Charge]
    invoiced: Mapping[str, Decimal]

    def cost(self, call: Call) -> Decimal:
        """What a call costs at its provider's price list, USD."""
        return self.prices.cost(call.model.name, call.tokens, call.started_at.date())


def providers(ledger: Ledger) -> list[ProviderTruth]:
    """Expected, billed and invoiced of every provider."""
    found: list[ProviderTruth] = []
    for provider, billed in totals(ledger.charges).items():
        logged = [
            call
            for call in ledger.calls
            if call.model.provider == provider
            and call.gateway
            and call.usage_logged
            and call.model != FINE_TUNED
        ]
        invoiced = ledger.invoiced[provider]
        rounding = Decimal(0) if provider == faults.UNEXPLAINED_PROVIDER else invoiced - billed
        found.append(
            ProviderTruth(
                provider=provider,
                cost_usd_expected=_sum(map(ledger.cost, logged)),
                cost_usd_billed=billed,
                cost_usd_invoiced=invoiced,
                cost_usd_rounding=rounding,
            )
        )
    return found


def measured(ledger: Ledger) -> list[Fault]:
    """Every fault, in the order of the bridge; those that make no variance come last."""
    measures = (_unlogged, _usage_lost, _cache_ignored, _unpriced, _overcharged, _unexplained, _retries)
    return [measure(ledger) for measure in measures]


def write(home: Path, ledger: Ledger, seed: int) -> None:
    """Write `truth.json` for programs and `TRUTH.md` for people."""
    found, ends = measured(ledger), providers(ledger)
    document = {
        "month": str(ledger.month),
        "seed": seed,
        "providers": [asdict(end) for end in ends],
        "faults": [asdict(fault) for fault in found],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False, default=plain)
    (home / "truth.json").write_text(text + "\n", "utf-8")
    (home / "TRUTH.md").write_text(_page(ledger.month, seed, found, ends), "utf-8")


def _unlogged(ledger: Ledger) -> Fault:
    calls = [call for call in ledger.calls if not call.gateway]
    return _fault(
        "unlogged_traffic", faults.BYPASSING, calls, _sum(map(ledger.cost, calls)), "D02", "unlogged_spend",
        what="a nightly script calls the provider directly: billed and in the usage export, in no log",
    )  # fmt: skip


def _usage_lost(ledger: Ledger) -> Fault:
    calls = [call for call in ledger.calls if not call.usage_logged]
    return _fault(
        "usage_missing", faults.USAGE_LOST, calls, _sum(map(ledger.cost, calls)), "D14", None,
        what="streams whose log carries no usage, because the client did not ask for it; billed all the same",
    )  # fmt: skip


def _cache_ignored(ledger: Ledger) -> Fault:
    name = faults.CACHE_IGNORED.name
    calls = [
        call
        for call in ledger.calls
        if call.model == faults.CACHE_IGNORED
        and call.started_at.day in faults.CACHE_IGNORED_DAYS
        and call.tokens.get("cache_read")
    ]
    more = [
        ledger.prices.charged(name, "uncached_input", call.started_at.date())
        - ledger.prices.charged(name, "cache_read", call.started_at.date())
        for call in calls
    ]
    cached = [call.tokens["cache_read"] for call in calls]
    cost = _sum(price * tokens for price, tokens in zip(more, cached, strict=True))
    return _fault(
        "cache_discount_ignored", faults.CACHE_IGNORED, calls, cost, "D27", "cache_hit_drop",
        tokens=sum(cached),
        what="cached tokens of these days are billed as uncached ones; the usage export shows them cached",
    )  # fmt: skip


def _unpriced(ledger: Ledger) -> Fault:
    calls = [call for call in ledger.calls if call.model == FINE_TUNED]
    return _fault(
        "unpriced_model", FINE_TUNED, calls, _sum(map(ledger.cost, calls)), "D35", "unpriced_usage",
        what="a fine-tuned model that no catalogue prices: logged and billed, nothing expected",
    )  # fmt: skip


def _overcharged(ledger: Ledger) -> Fault:
    calls = [call for call in ledger.calls if call.model == faults.OVERCHARGED]
    cost = _sum(map(ledger.cost, calls)) * (faults.OVERCHARGE - 1)
    return _fault(
        "overcharged_rate", faults.OVERCHARGED, calls, cost, "D54", "cost_tieout",
        what="billed 8 % above the rate book, in the cost report and on the invoice",
    )  # fmt: skip


def _unexplained(ledger: Ledger) -> Fault:
    provider = faults.UNEXPLAINED_PROVIDER
    cost = ledger.invoiced[provider] - totals(ledger.charges)[provider]
    return _fault(
        "unexplained_amount", Model(provider, "(invoice)", ""), (), cost, "unexplained", None,
        what=f"the invoice adds {faults.UNEXPLAINED_USD} USD that no line shows; its rounding is included",
    )  # fmt: skip


def _retries(ledger: Ledger) -> Fault:
    since = ledger.month.end - SURGE
    calls = [call for call in ledger.calls if call.model == HAIKU and call.retry and call.started_at >= since]
    return _fault(
        "retry_surge", HAIKU, calls, _sum(map(ledger.cost, calls)), None, "retry_spike",
        what="retries triple in the last 14 days: logged, billed and expected, so no variance, but waste",
    )  # fmt: skip


def _fault(
    name: str,
    model: Model,
    calls: Sequence[Call],
    cost_usd: Decimal,
    cause_code: str | None,
    red_flag: str | None,
    *,
    what: str,
    tokens: int | None = None,
) -> Fault:
    return Fault(
        fault=name,
        provider=model.provider,
        model=model.name,
        cause_code=cause_code,
        red_flag=red_flag,
        cost_usd=cost_usd,
        tokens=sum(sum(call.tokens.values()) for call in calls) if tokens is None else tokens,
        calls=len(calls),
        days=tuple(sorted({str(call.started_at.date()) for call in calls})),
        what=what,
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _page(month: Month, seed: int, found: Sequence[Fault], ends: Sequence[ProviderTruth]) -> str:
    lines = [
        f"# What is wrong with {month}",
        "",
        f"A simulated month (seed {seed}): these faults, and no others.",
        "Amounts are exact, in USD, bill minus logs.",
        "`truth.json` has the same figures.",
        "",
        "| fault | provider | model | cause | red flag | USD | calls |",
        "|---|---|---|---|---|---:|---:|",
    ]
    lines += [
        f"| {fault.fault} | {fault.provider} | {fault.model} | {fault.cause_code or '-'} "
        f"| {fault.red_flag or '-'} | {plain(fault.cost_usd)} | {fault.calls} |"
        for fault in found
    ]
    lines += ["", *(f"- **{fault.fault}**: {fault.what}." for fault in found), ""]
    lines += ["| provider | expected | billed lines | rounding | invoice |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {end.provider} | {plain(end.cost_usd_expected)} | {plain(end.cost_usd_billed)} "
        f"| {plain(end.cost_usd_rounding)} | {end.cost_usd_invoiced} |"
        for end in ends
    ]
    return "\n".join([*lines, "", "Expected + the faults with a cause + rounding = invoice.", ""])
