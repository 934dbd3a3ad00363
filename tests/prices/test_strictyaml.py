"""Strict YAML: what it reads, and what it refuses instead of guessing."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickmark import strictyaml
from tickmark.errors import BadSpecError


def load(folder: Path, text: str | bytes) -> object:
    path = folder / "any.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return strictyaml.load(path, "any.yaml")


def test_plain_words_are_text_whole_numbers_true_false_and_null(tmp_path: Path) -> None:
    text = """
    count: -12
    text: [plain, "1.5", 'no', 2026-01-01T00:00:00Z, 1.2.3, gpt-4.1, "0x1F"]
    flags: {yes_: true, off_: false, gone: null, also_gone: ~, empty: }
    folded: >
      two
      lines
    """
    assert load(tmp_path, text) == {
        "count": -12,
        "text": ["plain", "1.5", "no", "2026-01-01T00:00:00Z", "1.2.3", "gpt-4.1", "0x1F"],
        "flags": {"yes_": True, "off_": False, "gone": None, "also_gone": None, "empty": None},
        "folded": "two lines\n",
    }


@pytest.mark.parametrize(
    "scalar",
    ["1.5", "1e-7", ".5", "5.", "1_000", "007", "0x1F", "0o17", "0b1", "12:30", "-.inf", ".NaN", "9" * 19],
)
def test_a_number_that_would_lose_something_must_be_quoted(tmp_path: Path, scalar: str) -> None:
    with pytest.raises(BadSpecError, match=r"^E-YAML-NUMBER any.yaml:2 a.0 .*quote it$"):
        load(tmp_path, f"\na: [{scalar}]")
    assert load(tmp_path, f"a: ['{scalar}']") == {"a": [scalar]}


@pytest.mark.parametrize("scalar", ["yes", "No", "ON", "off", "True", "FALSE", "Null"])
def test_a_word_that_other_readers_take_for_a_constant_must_be_quoted(tmp_path: Path, scalar: str) -> None:
    with pytest.raises(BadSpecError, match=r"^E-YAML-WORD any.yaml:1 a "):
        load(tmp_path, f"a: {scalar}")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"a: \xff", "E-YAML-UTF8 any.yaml:1 "),
        (b"a: " + b"x" * strictyaml.MAX_BYTES, "E-YAML-SIZE any.yaml "),
        (b"[" * 100_000, "E-YAML-DEPTH any.yaml:1 "),
        (b"a: &x [1]\nb: *x", "E-YAML-FEATURE any.yaml:1 no anchors"),
        (b"a: !!python/object/apply:os.system [id]", "E-YAML-FEATURE any.yaml:1 no tags"),
        (b"%YAML 1.1\n---\na: 1", "E-YAML-FEATURE any.yaml:1 no directives"),
        (b"a: 1\nb:\n  c: 1\n  c: 2", "E-YAML-DUPKEY any.yaml:4 b.c "),
        (b"a: \x00", "E-YAML-SYNTAX any.yaml "),
        (b"a: [1\nb: 2", "E-YAML-SYNTAX any.yaml:2 "),
    ],
)
def test_hostile_or_broken_files_are_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    with pytest.raises(BadSpecError) as refused:
        load(tmp_path, content)
    assert str(refused.value).startswith(rule)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSpecError, match=r"^E-YAML-READ tickmark.yaml "):
        strictyaml.load(tmp_path / "absent.yaml", "tickmark.yaml")


@settings(deadline=None, max_examples=60)
@given(secret=st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=12))
def test_no_input_brings_another_error_or_shows_its_value(
    tmp_path_factory: pytest.TempPathFactory, secret: str
) -> None:
    message = ""
    try:
        load(tmp_path_factory.getbasetemp(), f"key:\n  - {secret}\n  - {secret}")
    except BadSpecError as error:
        message = str(error)
    assert secret not in message
