"""What the constants of every framing rule share: they are strict and frozen, and dated where bills changed.

Does not live here: any constant (constants, tool_constants, answer_constants, image_constants).
"""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Constants(BaseModel):
    """Numbers and texts that a spec writes; it knows no other fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Dated(Constants):
    """Constants that hold in a span of days."""

    from_: Annotated[date | None, Field(alias="from")] = None
    """First day, UTC. Absent: since ever."""
    until: date | None = None
    """First day on which it holds no more. Absent: until further notice."""

    def holds(self, day: date | None) -> bool:
        """Whether requests of a day were billed so; without a day, whether they always are."""
        if day is None:
            return self.from_ is None and self.until is None
        return (self.from_ or date.min) <= day < (self.until or date.max)
