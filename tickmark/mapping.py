"""A user's own format as data: which path or column of a record fills which canonical field.

Lives here: the file `mappings/<name>.yaml`, its checks, and the `Format` it makes.
Does not live here: reading the values (mapped.py) and opening files (intake/).
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tickmark import strictyaml
from tickmark.errors import BadSpecError, Where
from tickmark.formats import Format, Shows
from tickmark.mapped import Cell, Mapped
from tickmark.records import FIELD_TYPES, RECORDS, REQUIRED_FIELDS, Attempt, TableName
from tickmark.strictyaml import Strict, problem

INPUT_CLASSES = frozenset(
    field.name for field in fields(Attempt) if field.name.startswith(("tokens_cache_", "tokens_uncached"))
)
COUNTED = INPUT_CLASSES | {"tokens_input_total"}


def _dotted(value: object) -> object:
    """A path is a list of keys; as text its dots stand between them."""
    return tuple(value.split(".")) if isinstance(value, str) else value


Place = Annotated[tuple[str, ...], BeforeValidator(_dotted), Field(min_length=1)]


class Source(Strict):
    """Where a field comes from; written as text or a list it is the path alone."""

    path: Place | None = None
    """Keys from the record down, joined by dots; a list of keys where a key holds a dot."""
    const: str | int | bool | None = None
    """One value for every record, instead of a path."""
    values: dict[str, str] | None = None
    """What the source writes → the canonical word; anything else is refused."""
    unit: Literal["s", "ms", "us", "ns"] | None = None
    """For times written as a number: its unit."""
    zone: Annotated[str, Field(pattern=r"^(UTC|[+-][0-9]{2}:[0-9]{2})$")] | None = None
    """For times written without a zone: UTC, or a fixed offset like +08:00."""
    scale: Annotated[Decimal, Field(gt=0)] | None = None
    """What an amount or count is multiplied by: 0.01 for cents, 1000 for thousands of tokens."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.path is None) == (self.const is None):
            raise problem("either a path or a const", "write `path:` or `const:`, not both")
        return self

    def cell(self) -> Cell:
        return Cell(**{name: getattr(self, name) for name in type(self).model_fields})


def _path_alone(value: object) -> object:
    return {"path": value} if isinstance(value, str | list) else value


FieldSource = Annotated[Source, BeforeValidator(_path_alone)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class MappingFile(Strict):
    """`mappings/<name>.yaml`."""

    about: str
    """What delivers these files, in one line."""
    table: TableName
    """What one record becomes: attempts, usage_buckets, billing_lines, invoices or credit_ledger."""
    container: Literal["json", "csv", "parquet"]
    """json (lines or one document), csv or parquet."""
    records: Place | None = None
    """Path to the list of records inside a JSON value; none: a list is its elements."""
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Path → values: a record that has another one there is about no usage."""
    key: Literal["content"] | tuple[Place, ...]
    """Paths that together name a record at its source, or `content`: the whole record is its name."""
    input_counts: Literal["include_cached", "exclude_cached", "unknown"] | None = None
    """Attempts only: does the mapped input count include cached tokens."""
    usage: Place | None = None
    """Attempts only: path to the provider's own usage block, instead of single token fields."""
    request_body: Place | None = None
    """Attempts only: path to the request as the provider got it."""
    answer: Place | None = None
    """Attempts only: path to the provider's response."""
    fields: dict[Name, FieldSource]
    """Canonical field (`docs/tables.md`) → where it comes from."""

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        _check_fields(self)
        if self.table == "attempts":
            _check_tokens(self)
        return self


def _check_fields(mapping: MappingFile) -> None:
    record = RECORDS[mapping.table]
    if unknown := sorted(mapping.fields.keys() - FIELD_TYPES[record].keys()):
        raise problem(
            f"fields of {mapping.table}; {', '.join(unknown)} is none", "take names from docs/tables.md"
        )
    if missing := sorted(REQUIRED_FIELDS[record] - mapping.fields.keys() - {"record_key"}):
        raise problem(
            f"every required field of {mapping.table}; {', '.join(missing)} is missing",
            "map it to a path, or to a `const`",
        )


def _check_tokens(mapping: MappingFile) -> None:
    """Say how input is counted wherever it is: guessing is the largest source of false differences."""
    counted = COUNTED & mapping.fields.keys()
    if mapping.usage is not None and counted:
        raise problem("either `usage` or token fields", "remove one of the two")
    if counted and mapping.input_counts is None:
        raise problem(
            "`input_counts`: include_cached, exclude_cached or unknown",
            "look up whether the source counts cached tokens inside its input count",
        )


_SHOWS: dict[str, Shows] = {
    "tokens_cache_read": "cache classes",
    "service_tier": "tier",
    "provider_response_id": "response id",
    "cost_usd_gateway": "cost",
    "attempt_number": "attempts",
}


def load(path: Path, display: str) -> Format:
    """The format that a mapping file describes; raise BadSpecError where it is wrong."""
    said = strictyaml.load_as(path, display, MappingFile)
    mapped = Mapped(
        record=RECORDS[said.table],
        table=said.table,
        cells={name: source.cell() for name, source in said.fields.items()},
        key=None if said.key == "content" else said.key,
        only={tuple(place.split(".")): values for place, values in said.only.items()},
        records=said.records,
        usage=said.usage,
        input_counts=said.input_counts,
        is_table=said.container != "json",
    )
    return Format(
        name=path.stem,
        side="gateway" if said.table == "attempts" else "bill",
        tables=(said.table,),
        containers=(said.container,),
        summary=said.about,
        verified="own format",
        read=mapped.read,
        shows=tuple(shown for name, shown in _SHOWS.items() if name in said.fields),
        columns=mapped.columns if said.container != "json" else (),
        unfold=mapped.unfold if said.container == "json" else None,
        request_body=mapped.at(said.request_body),
        answer=mapped.at(said.answer),
        keyed=said.table == "attempts" or said.key != "content",
    )


def load_all(paths: Iterable[Path], known: Mapping[str, Format]) -> dict[str, Format]:
    """Formats of mapping files by name, shipped ones included; raise BadSpecError where a name is taken."""
    formats = dict(known)
    for path in paths:
        display = f"{path.parent.name}/{path.name}"
        format_ = load(path, display)
        if format_.name in formats:
            raise BadSpecError(
                "E-MAPPING-NAME",
                "a name that no shipped format has",
                where=Where(display),
                repair="rename the file; its name is the format's name",
            )
        formats[format_.name] = format_
    return formats
