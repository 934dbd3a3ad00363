"""What the two exports of the DeepSeek console have in common: the period of a row.

Lives here: old daily and new hourly columns. Does not live here: counts (deepseek_amount_csv) and costs
(deepseek_cost_csv).
"""

from datetime import datetime

from tickmark.formats import JsonObject
from tickmark.invoices._fields import period, utc_day


def day_or_hours(record: JsonObject) -> tuple[datetime, datetime]:
    """The period of a row: `utc_date` is a UTC day, the ISO columns carry the account's offset."""
    if "utc_date" in record:
        return utc_day(record, "utc_date")
    return period(record, "start_time_iso", "end_time_iso")
