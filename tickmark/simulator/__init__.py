"""A small deterministic month with known faults: gateway logs, provider documents and the truth about them.

Lives here: the one way to make it. What happens (`world`), is metered (`metering`) and charged (`billing`) is
true; `faults` change what documents say; `truth` measures each fault from the calls themselves.
Does not live here: reading the documents again (gateways/, invoices/).
"""

from pathlib import Path

from tickmark.months import Month
from tickmark.simulator import faults, gateway_files, provider_files, truth
from tickmark.simulator.billing import bill, invoices, rates, write_rate_card
from tickmark.simulator.calls import usage_by_day
from tickmark.simulator.metering import meter
from tickmark.simulator.world import happen
from tickmark.specbook import SpecBook

__all__ = ["write_month"]


def write_month(home: Path, month: str, seed: int, specs: Path) -> None:
    """Fill the landing folders of a home, its rate card, `truth.json` and `TRUTH.md`.

    The same month, seed and specs give the same bytes. Raises ValueError for a text that is no month like
    2026-10, BadSpecError where `specs` or the price catalogue do not cover the simulated models that month.
    """
    when = Month.parse(month)
    prices = rates(write_rate_card(home, when), when)
    calls = happen(when, seed)
    meter(calls, SpecBook(specs))
    faults.lose_usage(calls, seed)
    calls += faults.bypass_gateway(when, seed)
    usage = usage_by_day(calls)
    charges = faults.misbill(bill(usage, prices), when)
    invoiced = faults.add_unexplained(invoices(charges))
    gateway_files.write(home / "landing" / "gateways", month, calls)
    provider_files.write(home / "landing" / "bills", when, usage, charges, invoiced)
    truth.write(home, truth.Ledger(when, calls, prices, charges, invoiced), seed)
