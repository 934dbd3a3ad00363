"""The outbox: the record of which alert must reach which endpoint, and whether it did.

Lives here: one row per alert and endpoint in an SQLite file, and the messages that rows are sent in.
Does not live here: wording (digest.py), endpoints (endpoints.py), sending (pipelines/delivery.py).
"""

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

from tickmark import money
from tickmark.errors import PlatformError, Where
from tickmark.months import Month

State: TypeAlias = Literal["pending", "delivered", "failed"]

_BUSY_SECONDS = 30
_TABLE = """
CREATE TABLE IF NOT EXISTS outbox (
    idempotency_key TEXT PRIMARY KEY,
    endpoint TEXT NOT NULL,
    month TEXT NOT NULL,
    flag TEXT NOT NULL,
    subject TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    cost_usd TEXT,
    grade TEXT NOT NULL,
    enqueued_at TEXT NOT NULL,
    message_id TEXT,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    delivered_at TEXT,
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
) STRICT
"""
_INSERT = """
INSERT INTO outbox
    (idempotency_key, endpoint, month, flag, subject, title, text, cost_usd, grade, enqueued_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (idempotency_key) DO NOTHING
"""
_PENDING = "SELECT * FROM outbox WHERE state <> 'delivered' ORDER BY endpoint, enqueued_at, idempotency_key"
_OPEN_MESSAGE = """
SELECT message_id FROM outbox
WHERE endpoint = ? AND state <> 'delivered' AND message_id IS NOT NULL
ORDER BY message_id LIMIT 1
"""
_UNCLAIMED = "SELECT idempotency_key FROM outbox WHERE endpoint = ? AND message_id IS NULL ORDER BY 1"
_CLAIM = "UPDATE outbox SET message_id = ? WHERE endpoint = ? AND message_id IS NULL"
_MESSAGE = "SELECT * FROM outbox WHERE message_id = ? ORDER BY idempotency_key"
_DELIVERED = """
UPDATE outbox SET state = 'delivered', delivered_at = ?, last_error = NULL, attempts = attempts + 1
WHERE message_id = ?
"""
_FAILED = """
UPDATE outbox SET state = 'failed', last_error = ?, attempts = attempts + 1
WHERE message_id = ? AND state <> 'delivered'
"""


@dataclass(frozen=True, slots=True)
class Alert:
    """One red flag on one subject: counts and money, never text of a request.

    `month` is the billing month (2026-10), `cost_usd` a plain decimal number or None where the flag
    has no amount, `grade` the strength of the evidence, A to D. Raises ValueError for another month or money.
    """

    month: str
    flag: str
    subject: str
    title: str
    text: str
    cost_usd: str | None
    grade: str

    def __post_init__(self) -> None:
        Month.parse(self.month)
        if self.cost_usd is not None:
            money.parse_decimal(self.cost_usd)


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert for one endpoint; `failed` means the last delivery failed and the next one tries again.

    `attempts` counts deliveries, each of which may have tried several times.
    """

    idempotency_key: str
    endpoint: str
    alert: Alert
    state: State
    attempts: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """Entries that are sent together. What is repeated has the same `id` and the same entries."""

    id: str
    enqueued_at: datetime
    entries: tuple[Entry, ...]


def idempotency_key(alert: Alert, endpoint: str) -> str:
    """Name a finding at an endpoint: it is sent once, however often its month is closed again."""
    return _sha256([alert.month, alert.flag, alert.subject, endpoint])


class Outbox:
    """The alerts of one home, in a file of mode 0600 that several processes may open.

    Every method raises PlatformError where the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.touch(mode=0o600)
            path.chmod(0o600)
            self._sqlite = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error):
            raise self._unusable() from None
        self._sqlite.row_factory = sqlite3.Row
        try:
            with self._transaction():
                self._sqlite.execute(_TABLE)
        except PlatformError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._sqlite.close()

    def enqueue(self, alerts: Iterable[Alert], endpoints: Iterable[str], now: datetime) -> int:
        """Record that every alert must reach every endpoint; return how many of these are new."""
        instant, names = now.astimezone(UTC).isoformat(), tuple(endpoints)
        rows = [(idempotency_key(alert, name), name, alert) for alert in alerts for name in names]
        with self._transaction():
            before = self._sqlite.total_changes
            for key, name, a in rows:
                values = (
                    key,
                    name,
                    a.month,
                    a.flag,
                    a.subject,
                    a.title,
                    a.text,
                    a.cost_usd,
                    a.grade,
                    instant,
                )
                self._sqlite.execute(_INSERT, values)
            return self._sqlite.total_changes - before

    def pending(self) -> tuple[Entry, ...]:
        """What has not reached its endpoint, by endpoint and age."""
        with self._transaction():
            return tuple(map(_entry, self._sqlite.execute(_PENDING)))

    def claim(self, endpoint: str) -> Message | None:
        """The next message for an endpoint, or None where all is delivered.

        A message keeps its entries until it is delivered: one whose fate a crash left unknown is
        repeated as it was, so that the receiver can drop it by its id.
        """
        with self._transaction():
            found = self._sqlite.execute(_OPEN_MESSAGE, (endpoint,)).fetchone()
            message_id = self._new_message(endpoint) if found is None else str(found[0])
            if message_id is None:
                return None
            rows = self._sqlite.execute(_MESSAGE, (message_id,)).fetchall()
        newest = max(datetime.fromisoformat(row["enqueued_at"]) for row in rows)
        return Message(message_id, newest, tuple(map(_entry, rows)))

    def mark_delivered(self, message_id: str, now: datetime) -> None:
        with self._transaction():
            self._sqlite.execute(_DELIVERED, (now.astimezone(UTC).isoformat(), message_id))

    def mark_failed(self, message_id: str, error: str) -> None:
        """Keep the message for the next delivery; `error` must hold neither URL nor secret."""
        with self._transaction():
            self._sqlite.execute(_FAILED, (error, message_id))

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """Wait until no other process delivers from this file; the lock dies with its holder."""
        try:
            lock = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            raise self._unusable() from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _new_message(self, endpoint: str) -> str | None:
        if not (keys := [row[0] for row in self._sqlite.execute(_UNCLAIMED, (endpoint,))]):
            return None
        message_id = f"msg_{_sha256(keys)}"
        self._sqlite.execute(_CLAIM, (message_id, endpoint))
        return message_id

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._sqlite.execute("BEGIN IMMEDIATE")
            with self._sqlite:
                yield
        except sqlite3.Error:
            raise self._unusable() from None

    def _unusable(self) -> PlatformError:
        where = Where(self._path.name)
        repair = "check disk, owner and rights of the file; move a damaged one away to send open alerts anew"
        return PlatformError("E-OUTBOX", "a writable SQLite file", where=where, repair=repair)


def _sha256(parts: list[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _entry(row: sqlite3.Row) -> Entry:
    names = ("month", "flag", "subject", "title", "text", "cost_usd", "grade")
    alert = Alert(**{name: row[name] for name in names})
    kept = {name: row[name] for name in ("idempotency_key", "endpoint", "state", "attempts", "last_error")}
    return Entry(alert=alert, **kept)
