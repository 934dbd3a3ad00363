"""Constants that hold in a span of days.

Lives here: the span. Does not live here: any constant (tool_constants, answer_constants, image_constants).
"""

from datetime import date
from typing import Annotated

from pydantic import Field

from tickmark.strictyaml import Strict


class Dated(Strict):
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
