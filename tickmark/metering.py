"""Counting the unique texts of a month: each once, or known from an earlier run; checked by the reference.

Lives here: `meter.segment_counts` and `meter.engine_checks` of a run, as sets in SQL.
Does not live here: engines (tokenizers/), files of known counts (countstore), sums per attempt (sql/meter/).

The faster engine counts a vocabulary only where it passed its self-test. In every run the reference counts a
sample again, stored counts included; if one differs, the reference counts the vocabulary's whole month, and
the store forgets the vocabulary.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tickmark.countstore import CountStore
from tickmark.errors import IntegrityError, Where
from tickmark.tokenizers import AnyCounter, Counters

COUNTER_RULE = "1"
"""Raise it with every change of the code that changes a count: stored counts of other rules are not used."""
BATCH_ROWS = 8_192
FAST_FROM_CHARS = 4 * 2**20
"""Loading the faster engine costs what the reference needs for about this much text (measured, o200k)."""
SAMPLE_SHARE, SAMPLE_MIN = 512, 256
"""One text in so many, and at least so many: 256 without a difference bound the share of wrong ones by 1.2 %
(95 % confidence), 8,000 by 0.04 %."""

TEXTS = "vocabulary, segment, text, chars, cast((file_index << 40) + file_row_number as bigint) as place"
"""A place is a row of the staged files. Texts are long: they are found by it, never grouped or sorted."""
UNIQUE = """
create temp table unique_texts as
select vocabulary, segment, min(place) as place, any_value(chars) as chars
from staged_texts group by vocabulary, segment
"""
TOTALS = """
select vocabulary, count(*), cast(sum(chars) as bigint)
from unique_texts group by vocabulary order by vocabulary
"""
SEED = "select md5(string_agg(sha256, ',' order by file_no)) from ingest.landed_files"
FROM_STORE = """
insert into meter.segment_counts by name
select ? as vocabulary, segment, any_value(k.tokens) as tokens
from known_counts k
where k.vocabulary_sha256 = ? and k.rule = ?
    and exists (from unique_texts u where u.vocabulary = ? and u.segment = k.segment)
group by segment
"""
COUNTED = "select count(*) from meter.segment_counts where vocabulary = ?"
TO_READ = """
with sampled as (
    select segment
    from unique_texts
    where vocabulary = $vocabulary
    -- Keyed hashes are spread evenly: those that follow a point given by the deliveries are a random sample.
    order by segment < unhex($seed), segment
    limit $sampled
),
wanted as (
    select u.place, c.tokens, s.segment is not null as sampled
    from unique_texts u
    left join meter.segment_counts c on c.vocabulary = u.vocabulary and c.segment = u.segment
    left join sampled s on s.segment = u.segment
    where u.vocabulary = $vocabulary and (c.tokens is null or s.segment is not null)
)
select t.segment, t.text, w.tokens, w.sampled
from staged_texts t
join wanted w on w.place = t.place
"""
COUNTED_NOW = """
insert into meter.segment_counts by name
select ? as vocabulary, segment, tokens from counted_now where is_new
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


@cache
def counter_rule() -> str:
    """What a stored count depends on beside vocabulary and text."""
    return f"{COUNTER_RULE} tokenizers {version('tokenizers')} fastokens {version('fastokens')}"


@dataclass
class Metering:
    """One run's counting; `texts` are the staged files, and `work` is the run's private folder.

    Without a store every text is counted.
    """

    database: duckdb.DuckDBPyConnection
    counters: Counters
    texts: Sequence[Path]
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
        if not self.texts:
            return
        files = [str(file) for file in self.texts]
        self.database.read_parquet(files).project(TEXTS).create_view("staged_texts")
        self.database.execute(UNIQUE)
        self._open_store()
        seed = self.database.execute(SEED).fetchall()[0][0] or ""
        for vocabulary, segments, chars in self.database.execute(TOTALS).fetchall():
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
        reference: AnyCounter = self.counters[vocabulary]
        sha256 = self.counters.sha256(vocabulary)
        self.database.execute(FROM_STORE, [vocabulary, sha256, counter_rule(), vocabulary])
        (known,) = self.database.execute(COUNTED, [vocabulary]).fetchall()[0]
        counter, engine, refused = reference, "tokenizers", False
        if chars >= self.fast_from_chars:
            # Where the engine was refused nothing is stored: a vocabulary that is all known needs no test.
            fast = self.counters.fast(vocabulary) if known < segments else reference
            refused = fast is None
            counter, engine = (reference, "tokenizers") if fast is None else (fast, "fastokens")
        sampled = max(SAMPLE_MIN, segments // SAMPLE_SHARE)
        wanted = {"vocabulary": vocabulary, "seed": seed, "sampled": sampled}
        checked, mismatches = self._fill(wanted, counter, reference)
        if mismatches:
            self.database.execute(FORGET, [vocabulary])
            self._fill(wanted | {"sampled": 0}, reference, reference)
        (self._forgotten if mismatches or refused else self._kept).append(vocabulary)
        counted_by = "tokenizers" if mismatches else engine
        self.database.execute(CHECK, [vocabulary, engine, segments, checked, mismatches, counted_by])

    def _fill(
        self, wanted: Mapping[str, object], counter: AnyCounter, reference: AnyCounter
    ) -> tuple[int, int]:
        """Count what is not known and the sample again; return how many were sampled, and how many differ."""
        vocabulary, checked, mismatches = wanted["vocabulary"], 0, 0
        # A reader keeps its cursor while it streams; the writer needs its own.
        writer = self.database.cursor()
        for batch in self.database.sql(TO_READ, params=wanted).to_arrow_reader(BATCH_ROWS):
            self.progress(f"meter.segment_counts {vocabulary}")
            texts, known = batch.column("text").to_pylist(), batch.column("tokens")
            tokens = _counted(texts, known, counter)
            sampled = pc.indices_nonzero(batch.column("sampled")).to_pylist()
            again = reference.count([texts[place] for place in sampled])
            checked += len(again)
            mismatches += sum(count != tokens[place] for count, place in zip(again, sampled, strict=True))
            columns = {"segment": batch.column("segment"), "tokens": tokens, "is_new": known.is_null()}
            writer.register("counted_now", pa.table(columns))
            writer.execute(COUNTED_NOW, [vocabulary])
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


def _counted(texts: list[str], known: pa.Array, counter: AnyCounter) -> list[int]:
    if known.null_count == len(known):
        return counter.count(texts)
    given: list[int | None] = known.to_pylist()
    new = iter(counter.count([text for text, tokens in zip(texts, given, strict=True) if tokens is None]))
    return [next(new) if tokens is None else tokens for tokens in given]
