"""Deliveries that repeat, overlap, come late or out of order: what is loaded is each record once."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.test_intake import attempt, ingested, quick

LINES = [attempt(number, 4 + number % 3) for number in range(6)]
LATE = attempt(90, 36)
"""An attempt of August in July's delivery."""


def test_f11_the_same_file_twice_is_already_seen() -> None:
    kept, (loaded, _, dup_exact, dup_conflict, records) = ingested([LINES, LINES], ["", ""])
    assert kept == ingested([LINES], [""])[0]
    assert (loaded, dup_exact, dup_conflict, records) == (6, 6, 0, 12)


def test_f11_the_same_file_packed_otherwise_repeats_every_record() -> None:
    kept, (loaded, _, dup_exact, _, _) = ingested([LINES, LINES], ["", ".gz"])
    assert kept == ingested([LINES], [""])[0]
    assert (loaded, dup_exact) == (6, 6)


@settings(quick, max_examples=6)
@given(st.integers(0, 6), st.integers(0, 6))
def test_f12_exports_that_overlap_load_each_record_once(first_ends: int, second_begins: int) -> None:
    begins = min(second_begins, first_ends)
    exports = [part for part in (LINES[:first_ends], LINES[begins:]) if part]
    kept, (loaded, _, dup_exact, _, _) = ingested(exports, [""] * len(exports))
    assert kept == ingested([LINES], [""])[0]
    assert (loaded, dup_exact) == (6, first_ends - begins)


@settings(quick, max_examples=6)
@given(st.permutations(LINES), st.booleans())
def test_t01_order_changes_nothing_and_a_late_row_goes_to_its_month(lines: Any, late_first: bool) -> None:  # noqa: FBT001 - hypothesis hands it over
    lines = [LATE, *lines] if late_first else [*lines, LATE]
    kept, (loaded, out_of_period, _, _, _) = ingested([lines], [""])
    assert kept == ingested([LINES], [""])[0]
    assert (loaded, out_of_period) == (6, 1)


@settings(quick, max_examples=6)
@given(st.randoms(use_true_random=False))
def test_key_order_changes_nothing(chance: Any) -> None:
    shuffled = [_shuffled(json.loads(line), chance) for line in LINES]
    assert (
        ingested([[json.dumps(record).encode() for record in shuffled]], [""])[0]
        == ingested([LINES], [""])[0]
    )


def _shuffled(value: Any, chance: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shuffled(value[key], chance) for key in chance.sample(sorted(value), len(value))}
    return [_shuffled(item, chance) for item in value] if isinstance(value, list) else value
