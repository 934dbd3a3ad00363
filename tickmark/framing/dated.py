"""What holds in a span of days: rules of a spec, and constants that bills changed.

Lives here: the span. Does not live here: rules (specs), constants (tool_, answer_ and image_constants).
"""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from tickmark.strictyaml import Strict, problem


class Dated(Strict):
    """A part of a spec that holds in a span of days."""

    from_: Annotated[date | None, Field(alias="from")] = None
    """First day, UTC. Absent: since ever."""
    until: date | None = None
    """First day, UTC, on which it holds no more. Absent: until further notice."""

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.from_ is not None and self.until is not None and self.from_ >= self.until:
            raise problem("`from` before `until`", "correct one of the two days")
        return self

    def overlaps(self, other: "Dated") -> bool:
        """Whether both hold on some day."""
        starts = max(each.from_ or date.min for each in (self, other))
        return starts < min(each.until or date.max for each in (self, other))

    def holds(self, day: date | None) -> bool:
        """Whether requests of a day were billed so; without a day, whether they always are."""
        if day is None:
            return self.from_ is None and self.until is None
        return (self.from_ or date.min) <= day < (self.until or date.max)
