"""What the exports of the OpenAI dashboard have in common: rows of periods, idle ones included.

Lives here: the period of a row, and which rows say only that nothing was used.
Does not live here: what the other columns mean (openai_cost_csv, openai_usage_csv).
"""

from datetime import datetime

from tickmark.formats import JsonObject
from tickmark.invoices._fields import period

COLUMNS = ("start_time", "end_time", "start_time_iso", "end_time_iso")
"""What every vintage has; an export of a time without any usage has nothing else."""


def is_idle(cells: JsonObject) -> bool:
    """A row that names its period and nothing else: nothing was used in it."""
    return cells.keys() <= set(COLUMNS)


def covered(record: JsonObject) -> tuple[datetime, datetime]:
    """The period that a row speaks about, in Unix seconds."""
    return period(record, "start_time", "end_time")
