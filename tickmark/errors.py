"""Errors for people: what is wrong, where, what was expected, how to repair it; never the value.

Lives here: one small class per exit code of the contract (docs/operations.md).
Does not live here: catching. Only `pipelines/cli.py` turns an error into an exit code.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Where:
    """A place in an input: file as the user wrote it, 1-based physical line, field or column."""

    file: str
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        place = printable(self.file) if self.line is None else f"{printable(self.file)}:{self.line}"
        return place if self.field is None else f"{place} {printable(self.field)}"


def printable(text: str) -> str:
    """Escape control and non-ASCII characters: names from files reach terminals and pages."""
    return "".join(c if " " <= c <= "~" else f"\\u{ord(c):04x}" for c in text)


class TickmarkError(Exception):
    """Base of every error a user can cause; `rule` is its stable id, `repair` the next step."""

    exit_code = 1

    def __init__(self, rule: str, expected: str, *, where: Where | None = None, repair: str) -> None:
        self.rule, self.expected, self.where, self.repair = rule, expected, where, repair
        place = "" if where is None else f"{where} "
        super().__init__(f"{rule} {place}{expected}. Repair: {repair}")

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross the border of the reader's child process.
        return (_rebuild, (type(self), self.rule, self.expected, self.where, self.repair))


def _rebuild(
    kind: type[TickmarkError], rule: str, expected: str, where: Where | None, repair: str
) -> TickmarkError:
    return kind(rule, expected, where=where, repair=repair)


class BadSpecError(TickmarkError):
    """Usage, configuration, rate card or tokenizer spec is wrong."""

    exit_code = 2


class InputRejectedError(TickmarkError):
    """A required input is missing or unusable as a whole; nothing is published."""

    exit_code = 5


class LockHeldError(TickmarkError):
    """Another run works on this home."""

    exit_code = 6


class PlatformError(TickmarkError):
    """Disk, permissions or memory: repair the machine and run again."""

    exit_code = 7


class IntegrityError(TickmarkError):
    """An invariant, hash or golden vector failed: nothing may be published."""

    exit_code = 9


class RecordRejected(Exception):  # noqa: N818 - a signal between reader and intake, never shown as an error
    """One record breaks a rule; intake quarantines it with file, line and offset."""

    def __init__(self, rule: str, field: str, expected: str, got: object) -> None:
        self.rule, self.field, self.expected, self.got = rule, field, expected, kind_of(got)
        super().__init__(f"{rule} {field} expected {expected}, got {self.got}")


class Bytes(int):
    """A number of bytes that hold no value."""


def kind_of(value: object) -> str:
    """Name the kind and length of a value, never the value itself."""
    if isinstance(value, Bytes):
        return f"{value} bytes"
    if isinstance(value, str):
        return f"string ({len(value)} chars)"
    if isinstance(value, list | dict):
        return f"{'array' if isinstance(value, list) else 'object'} ({len(value)} items)"
    return "nothing" if value is None else type(value).__name__
