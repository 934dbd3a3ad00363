"""What the two exports of the Anthropic Console have in common: time, tier, and the names of models.

Lives here: days and hours as the Console writes them, context bands, tiers, display names by
`anthropic_models.yaml`. Does not live here: counts and amounts (the readers).
"""

import re
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tickmark import strictyaml
from tickmark.formats import JsonObject, instant, optional_text, text
from tickmark.invoices._fields import served_tier, utc_day

_HOUR = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:00)", re.ASCII)
_BANDS = {"≤ 200k": "0-200k", "> 200k": "200k-1M"}
"""Context bands, as the usage API names them."""
_USAGE_TYPES = {"message": "standard"}
"""Cost exports call ordinary traffic by what it is, token exports by its tier."""


class _Name(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    model: str
    where: str
    read: str
    begins: date = Field(alias="from", default=date(2024, 1, 1))


class _Names(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    models: tuple[_Name, ...]


@cache
def _names() -> tuple[_Name, ...]:
    path = Path(__file__).with_name("anthropic_models.yaml")
    return strictyaml.load_as(path, path.name, _Names).models


def model_id(name: str, day: date) -> str:
    """The id that a display name meant on a day; a name that is not listed stays as it is."""
    meant = [each.model for each in _names() if each.name == name and each.begins <= day]
    return meant[-1] if meant else name


def day_or_hour(record: JsonObject) -> tuple[datetime, datetime]:
    """The UTC day, or the hour of a one-day export, that a row speaks about."""
    field = "usage_date_utc"
    if (found := _HOUR.fullmatch(text(record, field))) is None:
        return utc_day(record, field)
    start = instant({field: f"{found[1]}:00Z"}, field)
    return start, start + timedelta(hours=1)


def tier(record: JsonObject) -> str:
    """The tier that was served."""
    usage_type = optional_text(record, "usage_type") or "standard"
    return served_tier(_USAGE_TYPES.get(usage_type, usage_type), optional_text(record, "speed"))


def context_band(record: JsonObject) -> str | None:
    """The context band in the usage API's words; an unknown one as it is written."""
    written = optional_text(record, "context_window")
    return None if written is None else _BANDS.get(written, written)
