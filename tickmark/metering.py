"""Counting the unique texts of a month: each once, or known from an earlier run; checked by the reference.

Lives here: `meter.segment_counts` and `meter.engine_checks` of a run, as sets in SQL.
Does not live here: engines (tokenizers/), files of known counts (countstore), sums per attempt (sql/meter/).

The faster engine counts a vocabulary only where it passed its self-test. In every run the reference counts a
sample again, stored counts included; if one differs, the reference counts the vocabulary's whole month, and
the store forgets the vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import duckdb
import pyarrow as pa

from tickmark.countstore import CountStore
from tickmark.errors import IntegrityError, Where
from tickmark.tokenizers import AnyCounter, Counters

COUNTER_RULE = "1"
"""Raise it with every change of the code that changes a count: stored counts of other rules are not used."""
BATCH_ROWS = 8_192
FAST_FROM_CHARS = 8 * 2**20
"""Loading the faster engine costs what the reference needs for about this much text (measured, o200k)."""
SAMPLE_SHARE, SAMPLE_MIN = 512, 256
"""One text in so many, and at least so many: 256 without a difference bound the share of wrong ones by 1.2 %
(95 % confidence), 8,000 by 0.04 %."""

TOTALS = """
select vocabulary, count(distinct segment), cast(sum(length(text)) as bigint)
from staged.segments group by vocabulary order by vocabulary
"""
SEED = "select md5(string_agg(sha256, ',' order by file_no)) from ingest.landed_files"
FROM_STORE = """
insert into meter.segment_counts by name
select ? as vocabulary, segment, any_value(k.tokens) as tokens
from known_counts k
where k.vocabulary_sha256 = ? and k.rule = ?
    and exists (from staged.segments s where s.vocabulary = ? and s.segment = k.segment)
group by segment
"""
UNCOUNTED = """
select s.segment, any_value(s.text) as text
from staged.segments s
anti join meter.segment_counts c on c.vocabulary = s.vocabulary and c.segment = s.segment
where s.vocabulary = ?
group by s.segment
"""
ANY_UNCOUNTED = """
select 1
from staged.segments s
anti join meter.segment_counts c on c.vocabulary = s.vocabulary and c.segment = s.segment
where s.vocabulary = ?
limit 1
"""
SAMPLED = """
select s.segment, any_value(s.text) as text, any_value(c.tokens) as tokens
from staged.segments s
join (
    select segment, tokens
    from meter.segment_counts
    where vocabulary = ?
    -- Keyed hashes are spread evenly: those that follow a point given by the deliveries are a random sample.
    order by segment < unhex(?), segment
    limit ?
) c on c.segment = s.segment
where s.vocabulary = ?
group by s.segment
"""
REPEATED = "select count(*) - count(distinct (vocabulary, segment)) from meter.segment_counts"
FORGET = "delete from meter.segment_counts where vocabulary = ?"
CHECK = "insert into meter.engine_checks values (?, ?, ?, ?, ?, ?)"
NEW_COUNTS = """
select v.sha256 as vocabulary_sha256, v.rule, c.segment, c.tokens
from meter.segment_counts c
join keep v on v.vocabulary = c.vocabulary
anti join known_counts k on k.vocabulary_sha256 = v.sha256 and k.rule = v.rule and k.segment = c.segment
"""
ALL_COUNTS = """
select vocabulary_sha256, rule, segment, any_value(tokens) as tokens
from (from known_counts union all by name from new_counts) k
where rule = ? and not exists (from forgotten f where f.sha256 = k.vocabulary_sha256)
group by all
"""
KNOWN = pa.schema(
    [
        ("vocabulary_sha256", pa.string()),
        ("rule", pa.string()),
        ("segment", pa.binary(16)),
        ("tokens", pa.int64()),
    ]
)


def counter_rule() -> str:
    """What a stored count depends on beside vocabulary and text."""
    return f"{COUNTER_RULE} tokenizers {version('tokenizers')} fastokens {version('fastokens')}"


@dataclass
class Metering:
    """One run's counting. `work` is the run's private folder; without a store every text is counted."""

    database: duckdb.DuckDBPyConnection
    counters: Counters
    work: Path
    store: CountStore | None = None
    progress: Callable[[str], None] = print
    fast_from_chars: int = FAST_FROM_CHARS
    _kept: list[str] = field(default_factory=list)
    _forgotten: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Fill both tables and hand new counts to the store.

        Raises IntegrityError where a text was counted twice.
        """
        self._open_store()
        seed = self.database.execute(SEED).fetchall()[0][0] or ""
        for vocabulary, segments, chars in self.database.execute(TOTALS).fetchall():
            self.progress("meter.segment_counts " + vocabulary)
            self._count(vocabulary, segments, chars, seed)
        if self.database.execute(REPEATED).fetchall()[0][0]:
            raise IntegrityError(
                "E-INVARIANT",
                "each text counted once",
                where=Where("meter.segment_counts"),
                repair="report this as a bug with the run's manifest; nothing was published",
            )
        if self.store is not None:
            self._keep(self.store)

    def _count(self, vocabulary: str, segments: int, chars: int, seed: str) -> None:
        reference = self.counters[vocabulary]
        sha256 = self.counters.sha256(vocabulary)
        self.database.execute(FROM_STORE, [vocabulary, sha256, counter_rule(), vocabulary])
        counter, engine, refused = reference, "tokenizers", False
        if chars >= self.fast_from_chars:
            # Where the engine was refused nothing is stored: a vocabulary that is all known needs no test.
            fast = self.counters.fast(vocabulary) if self._uncounted(vocabulary) else reference
            refused = fast is None
            counter, engine = (reference, "tokenizers") if fast is None else (fast, "fastokens")
        self._fill(vocabulary, counter)
        sampled = max(SAMPLE_MIN, segments // SAMPLE_SHARE)
        checked, mismatches = self._check(vocabulary, reference, sampled, seed)
        if mismatches:
            self.database.execute(FORGET, [vocabulary])
            self._fill(vocabulary, reference)
        (self._forgotten if mismatches or refused else self._kept).append(vocabulary)
        counted_by = "tokenizers" if mismatches else engine
        self.database.execute(CHECK, [vocabulary, engine, segments, checked, mismatches, counted_by])

    def _uncounted(self, vocabulary: str) -> bool:
        return bool(self.database.execute(ANY_UNCOUNTED, [vocabulary]).fetchall())

    def _fill(self, vocabulary: str, counter: AnyCounter) -> None:
        # A reader keeps its cursor while it streams; the writer needs its own.
        writer = self.database.cursor()
        for batch in self.database.sql(UNCOUNTED, params=[vocabulary]).to_arrow_reader(BATCH_ROWS):
            self.progress("meter.segment_counts " + vocabulary)
            writer.register("counted_now", _counted(vocabulary, batch, counter))
            writer.execute("insert into meter.segment_counts by name from counted_now")

    def _check(self, vocabulary: str, reference: AnyCounter, limit: int, seed: str) -> tuple[int, int]:
        """How many counts the reference made again, and how many of them differ."""
        checked = mismatches = 0
        sample = self.database.sql(SAMPLED, params=[vocabulary, seed, limit, vocabulary])
        for batch in sample.to_arrow_reader(BATCH_ROWS):
            again = reference.count(batch.column("text").to_pylist())
            counts = batch.column("tokens").to_pylist()
            checked += len(again)
            mismatches += sum(one != other for one, other in zip(again, counts, strict=True))
        return checked, mismatches

    def _open_store(self) -> None:
        files = [] if self.store is None else self.store.copy_valid(self.work / "known_counts")
        if files:
            self.database.read_parquet([str(file) for file in files]).create_view("known_counts")
        else:
            self.database.register("nothing_known", KNOWN.empty_table())
            self.database.execute("create temp table known_counts as from nothing_known")

    def _keep(self, store: CountStore) -> None:
        new, rule = self.work / "new_counts.parquet", counter_rule()
        sha256 = [self.counters.sha256(name) for name in self._kept]
        keep = {"vocabulary": self._kept, "sha256": sha256, "rule": [rule] * len(sha256)}
        self.database.register("keep", pa.table(keep, pa.schema([(name, pa.string()) for name in keep])))
        self.database.sql(NEW_COUNTS).write_parquet(str(new), compression="zstd")
        rows = self.database.read_parquet(str(new))
        if self._forgotten or store.is_full:
            gone = [self.counters.sha256(name) for name in self._forgotten]
            self.database.register("forgotten", pa.table({"sha256": pa.array(gone, pa.string())}))
            rows.create_view("new_counts")
            merged = self.work / "all_counts.parquet"
            self.database.sql(ALL_COUNTS, params=[rule]).write_parquet(str(merged), compression="zstd")
            store.replace(merged)
        elif rows.limit(1).fetchall():
            store.add(new)


def _counted(vocabulary: str, texts: pa.RecordBatch, counter: AnyCounter) -> pa.Table:
    counts = counter.count(texts.column("text").to_pylist())
    return pa.table(
        {
            "vocabulary": pa.array([vocabulary] * len(counts), pa.string()),
            "segment": texts.column("segment"),
            "tokens": pa.array(counts, pa.int64()),
        }
    )
