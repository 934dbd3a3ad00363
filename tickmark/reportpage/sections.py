"""The sections of the page below the bridge: tables summed and cut to what one page can show.

Lives here: one function per section, from published rows to what the template prints.
Does not live here: markup (page.html.j2) and the verdict (verdict).
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from tickmark.reportpage.tables import ZERO, Cut, Row, Tables, grouped, known_total, largest, share, total

ROWS_SHOWN = 15
ACCOUNTS_SHOWN = 25
FLAGS_SHOWN = 25
BREAKS_SHOWN = 30
DISPOSITIONS = (
    "loaded",
    "dup_exact",
    "dup_conflict",
    "superseded",
    "quarantined",
    "out_of_period",
    "not_usage",
    "blank",
)
PRICE_TOLERANCE = Decimal("0.001")
"""An implied price nearer than this to the contract's is rounding of billed lines, not a difference."""

_COUNTED_CALLS = "web_search"
_STRENGTH = ("exact", "exact_text", "calibrated", "none")


def open_points(tables: Tables) -> Cut[Row]:
    """Why the close is a draft, in the table's order."""
    return largest(tables["open_points"], lambda _: 0, ROWS_SHOWN)


def accounts(tables: Tables) -> Cut[Row]:
    """Accounts, largest bill first."""
    return largest(tables["month_close"], lambda row: row["cost_usd_billed"] or 0, ACCOUNTS_SHOWN)


def by_money(rows: Sequence[Row], limit: int) -> Cut[Row]:
    """Flags or breaks, most money first."""
    return largest(rows, lambda row: abs(row["cost_usd"]), limit)


def tieout(tables: Tables) -> Cut[Row]:
    """Token counts of all sides per model over the month; those furthest apart first.

    Per-call units are rows of their own: they never add to tokens.
    """
    cells = [{**row, "is_calls": row["token_class"] == _COUNTED_CALLS} for row in tables["token_tieout"]]
    groups = grouped(cells, "provider", "model", "is_calls")
    summed = [
        {"provider": provider, "model": model, "is_calls": is_calls, **_tied(rows)}
        for (provider, model, is_calls), rows in groups.items()
    ]
    return largest(summed, lambda row: (row["tokens_apart"], row["tokens_logged"]), ROWS_SHOWN)


def _tied(cells: Sequence[Row]) -> dict[str, Any]:
    compared = [row for row in cells if row["tokens_variance"] is not None]
    recounted = [row for row in cells if row["tokens_recounted"] is not None]
    variance = known_total(cells, "tokens_variance")
    return {
        "tokens_logged": total(cells, "tokens_logged"),
        "tokens_recounted": known_total(cells, "tokens_recounted"),
        "tokens_recount_variance": total(recounted, "tokens_logged") - total(recounted, "tokens_recounted"),
        "tokens_usage_export": known_total(cells, "tokens_usage_export"),
        "tokens_billed": known_total(cells, "tokens_billed"),
        "tokens_variance": variance,
        "tokens_apart": sum((abs(row["tokens_variance"]) for row in compared), 0),
        "variance_share": None if variance is None else share(variance, total(compared, "tokens_logged")),
        "days_apart": len({row["day"] for row in compared if row["tokens_variance"]}),
        "exactness": max((row["exactness"] for row in cells), key=_weakness),
    }


def _weakness(exactness: str) -> int:
    return _STRENGTH.index(exactness) if exactness in _STRENGTH else len(_STRENGTH)


def parity(tables: Tables) -> dict[str, Any]:
    """What was counted again, how much of it agrees, and why the rest could not be counted."""
    rows = tables["tokenizer_parity"]
    counted = [row for row in rows if row["attempts_recounted"]]
    reasons = [
        {"why": why, "attempts": sum(row["attempts"] - row["attempts_recounted"] for row in group)}
        for (why,), group in grouped(rows, "uncountable_because").items()
    ]
    missed = [reason for reason in reasons if reason["attempts"]]
    return {
        "input": _recounted([row for row in rows if row["direction"] == "input"]),
        "output": _recounted([row for row in rows if row["direction"] == "output"]),
        "exceptions": len(tables["recount_exceptions"]),
        "counted": largest(counted, lambda row: row["attempts_recounted"], ROWS_SHOWN),
        "missed": largest(missed, lambda row: row["attempts"], ROWS_SHOWN),
    }


def _recounted(rows: Sequence[Row]) -> dict[str, Any]:
    names = ("attempts", "attempts_recounted", "attempts_exact", "attempts_in_band")
    return {name: total(rows, name) for name in names}


def lcpr(tables: Tables) -> Cut[Row]:
    """Workloads, most expensive first."""
    return largest(tables["lcpr"], _loaded_cost, ROWS_SHOWN)


def lcpr_sum(rows: Iterable[Row]) -> Row:
    """Several workloads as one."""
    every = list(rows)
    columns = ("attempts", "requests_successful", "token_cost_usd", "repair_cost_usd", "engineering_cost_usd")
    sums: dict[str, Any] = {column: total(every, column) for column in columns}
    return {**sums, "lcpr_usd": share(_loaded_cost(sums), sums["requests_successful"])}


def _loaded_cost(row: Row) -> Decimal:
    columns = ("token_cost_usd", "repair_cost_usd", "engineering_cost_usd")
    return sum((Decimal(row[column]) for column in columns), ZERO)


def spend(tables: Tables, table: str, member: str) -> Cut[Row]:
    """The invoices by team or model, over all providers."""
    rows = tables[table]
    whole = total(rows, "cost_usd")
    sums = [
        {"member": key, "cost_usd": total(group, "cost_usd")}
        for (key,), group in grouped(rows, member).items()
    ]
    shares = [{**row, "share": share(row["cost_usd"], whole)} for row in sums]
    return largest(shares, lambda row: abs(row["cost_usd"]), ROWS_SHOWN)


def prices(tables: Tables) -> dict[str, Any]:
    """Prices that differ between list, contract and bill, or are unknown; most money at stake first."""
    different = [row for row in tables["prices"] if _differs(row)]
    shown = [{**row, "gap": _gap(row)} for row in different]
    return {
        "different": largest(shown, lambda row: abs(row["gap"] or ZERO) * row["tokens"], ROWS_SHOWN),
        "agree": len(tables["prices"]) - len(different),
    }


def _differs(row: Row) -> bool:
    listed, contract = row["usd_per_million_list"], row["usd_per_million_contract"]
    if contract is None or listed != contract:
        return True
    gap = _gap(row)
    return gap is not None and abs(gap) > PRICE_TOLERANCE * contract


def _gap(row: Row) -> Decimal | None:
    contract, implied = row["usd_per_million_contract"], row["usd_per_million_implied"]
    return None if implied is None else Decimal(implied - (contract or ZERO))


def sources(tables: Tables) -> list[Row]:
    """Delivered files per source, with the fate of every record."""
    return [
        {
            "source": source,
            "side": side,
            "format": form,
            "files": len(files),
            "seen_before": sum(1 for row in files if row["already_seen"]),
            **{column: total(files, column) for column in ("records", *DISPOSITIONS)},
        }
        for (source, side, form), files in grouped(tables["sources"], "source", "side", "format").items()
    ]


def rejects(tables: Tables) -> Cut[Row]:
    """Records set aside, per source, rule and field, with the first place of each."""
    groups = grouped(tables["rejects"], "source", "rule", "field", "expected")
    kinds = [
        {
            "source": source,
            "rule": rule,
            "field": field,
            "expected": expected,
            "records": len(rows),
            "first": rows[0],
        }
        for (source, rule, field, expected), rows in groups.items()
    ]
    return largest(kinds, lambda row: row["records"], ROWS_SHOWN)
