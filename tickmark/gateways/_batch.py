"""Results of batches, and the batch they are of: a line alone may not say when it was answered.

Lives here: laying the batch object beside its lines, and the time it gives them.
Does not live here: what a result means (the readers' modules).
"""

from collections.abc import Iterator
from datetime import datetime

from tickmark.errors import RecordRejected
from tickmark.formats import Json, JsonObject, child, instant, items

HOW = 'a time of the batch: one document {"batch": <the batch object>, "results": [<the lines>]}'


def unfold(value: Json) -> Iterator[tuple[str, Json]]:
    """Lines as they are, or those of `{"batch": {...}, "results": [...]}` with the batch in each."""
    if not isinstance(value, dict) or not isinstance(value.get("results"), list):
        yield from items(value)
        return
    for place, line in items(value["results"]):
        beside = {**line, "batch": value.get("batch")} if isinstance(line, dict) else line
        yield f"results{place}", beside


def moment(record: JsonObject, *fields: str) -> datetime | None:
    """The first of these times that the batch object has."""
    batch = child(record, "batch")
    return next((instant(batch, field) for field in fields if batch.get(field) is not None), None)


def untimed(field: str) -> RecordRejected:
    """A line that says nothing of its time, and has no batch beside it."""
    return RecordRejected("E-FIELD-MISSING", field, HOW, None)
