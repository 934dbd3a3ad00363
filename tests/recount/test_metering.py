"""Counts of a month: the same with and without a store, with either engine, and never an unchecked fault."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tickmark.countstore import CountStore
from tickmark.metering import Metering
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counter, Counters, fast

VOCABULARY = "cl100k_base"
KEY = b"k" * 32
TABLES = (
    "create schema meter; create schema ingest;"
    "create table ingest.landed_files (file_no bigint, sha256 varchar);"
    "insert into ingest.landed_files values (0, 'a'), (1, 'b');"
)
DDL = (Path(__file__).resolve().parents[2] / "sql" / "meter" / "_tables.sql").read_text("utf-8")


@dataclass
class Watched:
    """The real engines, and a note of every text that was counted."""

    counters: Counters
    by_reference: int = 0
    by_fast: int = 0
    fault: str = ""

    def __getitem__(self, name: str) -> "Spy":
        return Spy(self, self.counters[name], "by_reference")

    def fast(self, name: str) -> "Spy | None":
        engine = self.counters.fast(name)
        assert engine is not None
        return Spy(self, engine, "by_fast")

    def sha256(self, name: str) -> str:
        return self.counters.sha256(name)


@dataclass
class Spy:
    watched: Watched
    counter: Counter
    engine: str

    def count(self, texts: Sequence[str]) -> list[int]:
        setattr(self.watched, self.engine, getattr(self.watched, self.engine) + len(texts))
        wrong = self.watched.fault if self.engine == "by_fast" else ""
        counts = self.counter.count(texts)
        return [n + bool(wrong and wrong in text) for n, text in zip(counts, texts, strict=True)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path


def texts(first: int, last: int) -> list[str]:
    return [f"Text {n} of many, with a few words more." for n in range(first, last)]


def meter(
    folder: Path, watched: Watched, month: list[str], *, stored: bool = True, vocabulary: str = VOCABULARY
) -> tuple[list[tuple[object, ...]], tuple[object, ...]]:
    """Run one month; return its counts and its check."""
    work = folder / "work" / str(len(list((folder / "work").iterdir())))
    work.mkdir()
    segments = [blake2b(text.encode(), key=KEY, digest_size=16).digest() for text in month]
    staged = pa.table({"vocabulary": [vocabulary] * len(month), "text": month,
                       "segment": pa.array(segments, pa.binary(16)),
                       "chars": [len(text) for text in month]})  # fmt: skip
    parts = [work / "00000.parquet", work / "00001.parquet"]
    half = len(month) // 2
    for part, rows in zip(parts, (staged[:half], staged[half:]), strict=True):
        pq.write_table(rows, part)
    with duckdb.connect() as database:
        database.execute(TABLES + DDL)
        store = CountStore(folder / "counts", KEY) if stored else None
        run = Metering(database, watched, parts, work, store, lambda _: None, fast_from_chars=4_000)  # type: ignore[arg-type]
        run.run()
        counts = database.execute("from meter.segment_counts order by all").fetchall()
        check = database.execute("select * exclude (vocabulary) from meter.engine_checks").fetchall()
    return counts, check[0]


@pytest.fixture
def watched(counters: Counters) -> Watched:
    return Watched(counters)


def test_counts_are_the_same_with_and_without_a_store_and_with_either_engine(
    folder: Path, watched: Watched, counters: Counters
) -> None:
    month = texts(0, 600) + texts(0, 50)
    plain = meter(folder, watched, month, stored=False)
    first, again = meter(folder, watched, month), meter(folder, watched, month)
    assert plain == first == again
    assert plain[1] == ("fastokens", 600, 256, 0, "fastokens")
    assert sorted(row[2] for row in plain[0]) == sorted(counters[VOCABULARY].count(texts(0, 600)))


def test_a_small_month_is_counted_by_the_reference(folder: Path, watched: Watched) -> None:
    _, check = meter(folder, watched, texts(0, 20))
    assert check == ("tokenizers", 20, 20, 0, "tokenizers")
    assert watched.by_fast == 0


def test_a_second_run_counts_only_the_sample_and_a_next_month_only_what_is_new(
    folder: Path, watched: Watched
) -> None:
    meter(folder, watched, texts(0, 600))
    assert (watched.by_fast, watched.by_reference) == (600, 256)
    meter(folder, watched, texts(0, 600))
    assert (watched.by_fast, watched.by_reference) == (600, 512)
    meter(folder, watched, texts(500, 700))
    assert watched.by_fast == 700


def test_a_biller_that_prepares_texts_shares_no_counts_with_the_same_vocabulary_that_does_not(
    folder: Path, specs: SpecBook
) -> None:
    runtime = specs.vocabularies[VOCABULARY]
    plain = tuple(each for each in runtime.source.golden.counts if each.text.isascii())
    golden = runtime.source.golden.model_copy(update={"counts": plain})
    prepared = runtime.source.model_copy(update={"split_punctuation": True, "golden": golden})
    billing = replace(runtime, name="billing", source=prepared)
    watched = Watched(Counters({VOCABULARY: runtime, "billing": billing}))
    month = [f"\u201cText\u201d {n} of many \u2014 with marks." for n in range(600)]
    read, _ = meter(folder, watched, month)
    billed, check = meter(folder, watched, month, vocabulary="billing")
    assert check[3] == 0
    assert sum(int(str(row[2])) for row in billed) == sum(watched.counters["billing"].count(month))
    assert sum(int(str(row[2])) for row in read) < sum(int(str(row[2])) for row in billed)


def test_a_fault_that_passed_the_self_test_is_reported_and_recounted_by_the_reference(
    folder: Path, watched: Watched
) -> None:
    right, _ = meter(folder, watched, texts(0, 600), stored=False)
    watched.fault = " of many"
    counts, check = meter(folder, watched, texts(0, 600))
    assert check == ("fastokens", 600, 256, 256, "tokenizers")
    assert counts == right
    watched.fault = ""
    assert meter(folder, watched, texts(0, 600))[1] == ("fastokens", 600, 256, 0, "fastokens")


def test_a_fault_makes_the_store_forget_the_vocabulary(folder: Path, watched: Watched) -> None:
    meter(folder, watched, texts(0, 600))
    watched.fault, watched.by_fast = " of many", 0
    meter(folder, watched, texts(500, 1_200))
    assert watched.by_fast == 600
    meter(folder, watched, texts(0, 600))
    assert watched.by_fast == 1_200


@pytest.mark.parametrize("damage", ["flip", "cut", "other_key"])
def test_a_damaged_store_is_never_trusted_and_is_rebuilt(folder: Path, watched: Watched, damage: str) -> None:
    right = meter(folder, watched, texts(0, 600))
    (file,) = (folder / "counts").glob("*.parquet")
    content = bytearray(file.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    elif damage == "cut":
        del content[-7:]
    file.unlink()
    name = blake2b(content, key=b"x" * 32, digest_size=32).hexdigest() if damage == "other_key" else file.stem
    file.with_stem(name).write_bytes(content)
    assert meter(folder, watched, texts(0, 600)) == right
    assert watched.by_fast == 1_200
    meter(folder, watched, texts(0, 600))
    assert watched.by_fast == 1_200


def test_a_killed_write_leaves_nothing_that_is_read(folder: Path, watched: Watched) -> None:
    meter(folder, watched, texts(0, 600))
    leftover = folder / "counts" / "new_counts.parquet.writing"
    leftover.write_bytes(b"PAR1 half")
    meter(folder, watched, texts(0, 600))
    assert not leftover.exists()


def test_many_months_are_merged_into_one_file_that_still_knows_them(folder: Path, watched: Watched) -> None:
    for number in range(10):
        meter(folder, watched, texts(100 * number, 100 * number + 150))
    assert len(list((folder / "counts").glob("*.parquet"))) <= 3
    watched.by_fast = 0
    meter(folder, watched, texts(0, 1_000))
    assert watched.by_fast == 0


def test_the_store_is_bounded_and_holds_no_text(folder: Path, watched: Watched) -> None:
    meter(folder, watched, texts(0, 600))
    meter(folder, watched, texts(600, 1_200))
    files = list((folder / "counts").glob("*.parquet"))
    assert len(files) == 2
    columns = {name for file in files for name in duckdb.read_parquet(str(file)).columns}
    assert columns == {"vocabulary_sha256", "rule", "segment", "tokens"}
    extra = folder / "extra.parquet"
    extra.write_bytes(b"x" * 1_000)
    CountStore(folder / "counts", KEY, max_bytes=2_000).add(extra)
    left = [file.stat().st_size for file in (folder / "counts").glob("*.parquet")]
    assert left == [1_000]


def test_the_self_test_holds_the_known_traps() -> None:
    joined = "\n".join(fast.self_test_texts())
    for trap in ("'\u017f", "<|endoftext|>", "\u200d", "\u0378", "\u1c89"):
        assert trap in joined
