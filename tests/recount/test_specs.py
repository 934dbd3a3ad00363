"""Spec files: what they refuse, and which rule holds for a request."""

from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tickmark import specs as models
from tickmark import strictyaml
from tickmark.errors import BadSpecError
from tickmark.framing.constants import OpenAIMessages
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

ROOT = Path(__file__).resolve().parents[2]
VOCABULARY = {
    "engine": "tokenizers",
    "package": "bpe_openai",
    "resource": "data/cl100k_base.tiktoken.gz",
    "format": "tiktoken_gz",
    "split": "cl100k",
    "sha256": "0" * 64,
    "special_tokens": "as_text",
    "normalization": "none",
    "golden": {"source": "a test", "read": "2026-11-21", "counts": [{"text": "a", "tokens": 1}]},
}


def rule(name: str, *globs: str, **fields: object) -> dict[str, object]:
    return {"name": name, "operations": ["chat"], "models": list(globs), "because": "a test", **fields}


COUNTED = {
    "because": None,
    "vocabulary": "cl100k_base",
    "framing": {"rule": "inputs", "per_input": 0},
    "exactness": {"text": "exact"},
    "evidence": "a test",
    "operations": ["embeddings"],
}


def book(folder: Path, *rules: dict[str, object], **fields: object) -> SpecBook:
    content = {
        "provider": "acme",
        "vocabularies": {"cl100k_base": VOCABULARY},
        "rules": list(rules),
        **fields,
    }
    (folder / "acme.yaml").write_text(yaml.safe_dump(content), "utf-8")
    return SpecBook(folder)


def refusal(folder: Path, *rules: dict[str, object], **fields: object) -> BadSpecError:
    with pytest.raises(BadSpecError) as caught:
        book(folder, *rules, **fields)
    return caught.value


def found(specs: SpecBook, model: str, day: str) -> str | None:
    spec = specs.find("acme", "chat", model, datetime.fromisoformat(day).replace(tzinfo=UTC))
    return None if spec is None else spec.name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rule("a", "gpt-*"), rule("b", "gpt-4o")),
        (rule("a", "gpt-*-mini"), rule("b", "gpt-4o-*")),
        (rule("a", "*"), rule("b", "*o*", **{"from": "2026-01-01"})),
        (rule("a", "m", until="2026-01-02"), rule("b", "m", **{"from": "2026-01-01"})),
    ],
)
def test_two_rules_for_one_request_are_refused(
    one: dict[str, object], other: dict[str, object], tmp_path: Path
) -> None:
    error = refusal(tmp_path, one, other)
    assert (error.rule, error.exit_code) == ("E-SPEC-OVERLAP", 2)
    assert str(error.where) == "acme.yaml a"
    assert "overrides" in error.repair
    # Said explicitly, either order is fine, whatever the order of the file.
    for rules in ((one, {**other, "overrides": ["a"]}), ({**one, "overrides": ["b"]}, other)):
        book(tmp_path, *rules)


def image(glob: str, **days: str) -> dict[str, object]:
    tiles = {"rule": "tiles", "base": 1, "per_tile": 1, "billed": True, "evidence": "a test"}
    return {"models": [glob], **tiles, **days}


def test_answers_images_and_bands_must_make_sense(tmp_path: Path) -> None:
    ends = {"ends_with": 1, "evidence": "a test"}
    apart = [{**ends, "models": ["a"]}, {**ends, "models": ["b"]}]
    book(tmp_path, rule("a", "*", **COUNTED, answers=apart))
    days = {"from": "2026-01-02", "until": "2026-01-01"}
    band = {
        "per_token": {"text": "1"},
        "band_low": "0",
        "band_high": "0",
        "floor_tokens": 0,
        "evidence": "a test",
    }
    late = {**band, "first_day": "2026-01-02", "last_day": "2026-01-01"}
    closed = {**COUNTED, "exactness": {"text": "calibrated"}, "calibrated": {"text": late}}
    for wrong in [
        {"rules": [rule("a", "*", **COUNTED, answers=[*apart, ends])]},
        {"rules": [rule("a", "*", **COUNTED, answers=[{**ends, **days}])]},
        {"rules": [rule("a", "*", **closed)]},
        {"rules": [rule("a", "*")], "images": [image("a", **days)]},
    ]:
        assert refusal(tmp_path, **wrong).rule == "E-SPEC-VALUE"


def test_one_way_to_write_tools_holds_on_one_day(tmp_path: Path) -> None:
    results = {"each": "{content}", "between": None, "tokens": 0}
    calls = {"each": "{name}", "between": None, "under_text": None, "arguments": "given", "results": results}
    known = {
        "special": [],
        "offered": {"each": "{tool}", "between": None},
        "calls": calls,
        "none_hides": False,
        "choices": {},
        "evidence": "a test",
    }
    spring, summer = {"until": "2026-07-01"}, {"from": "2026-07-01"}

    def written(*days: dict[str, str]) -> dict[str, object]:
        template = {"rule": "chat_template", "per_request": 1, "per_request_json": None, "turns": {}}
        tools = [deepcopy(known) | each for each in days]
        return rule("a", "*", **{**COUNTED, "operations": ["chat"], "framing": {**template, "tools": tools}})

    book(tmp_path, written(spring, summer))
    for wrong in ((spring, {}), (summer, {"from": "2026-08-01"}), ({"from": "2026-07-02", **spring},)):
        assert refusal(tmp_path, written(*wrong)).rule == "E-SPEC-VALUE"


def test_two_rules_for_one_image_are_refused(tmp_path: Path) -> None:
    book(
        tmp_path,
        rule("a", "m"),
        images=[image("a*", until="2026-01-01"), image("ab", **{"from": "2026-01-01"})],
    )
    caught = refusal(tmp_path, rule("a", "m"), images=[image("a*"), image("ab", until="2026-01-01")])
    assert caught.rule == "E-SPEC-OVERLAP"


def test_an_overriding_rule_goes_first_and_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    general, special = rule("general", "gpt-*"), rule("special", "gpt-4o*", overrides=["general"])
    for rules in ((general, special), (special, general)):
        specs = book(tmp_path, *rules)
        assert found(specs, "gpt-4o-mini", "2026-01-01") == "acme/special"
        assert found(specs, "gpt-5", "2026-01-01") == "acme/general"
        assert found(specs, "claude", "2026-01-01") is None


def test_a_rule_holds_from_its_first_day_until_its_last(tmp_path: Path) -> None:
    specs = book(tmp_path, rule("old", "m", until="2026-04-02"), rule("new", "m", **{"from": "2026-04-02"}))
    assert found(specs, "m", "2026-04-01T23:59:59.999999") == "acme/old"
    assert found(specs, "m", "2026-04-02T00:00:00") == "acme/new"


def test_a_glob_gives_no_meaning_to_brackets_or_dots(tmp_path: Path) -> None:
    assert found(book(tmp_path, rule("dot", "gpt-4.1")), "gpt-4x1", "2026-01-01") is None
    assert refusal(tmp_path, rule("set", "gpt-[45]")).where is not None


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([rule("a", "m", overrides=["nobody"])], "E-SPEC-OVERRIDES"),
        ([rule("a", "m", overrides=["b"]), rule("b", "m", overrides=["a"])], "E-SPEC-OVERRIDES"),
        ([rule("a", "m"), rule("a", "n")], "E-SPEC-NAME"),
        ([rule("a", "m", **{**COUNTED, "vocabulary": "other"})], "E-SPEC-VOCABULARY"),
        ([rule("a", "m", **{**COUNTED, "operations": ["chat"]})], "E-SPEC-VALUE"),
        ([rule("a", "m", **{**COUNTED, "evidence": None})], "E-SPEC-VALUE"),
        ([rule("a", "m", vocabulary="cl100k_base")], "E-SPEC-VALUE"),
        ([rule("a", "m", **{"from": "2026-01-01", "until": "2026-01-01"})], "E-SPEC-VALUE"),
        ([rule("a", "m", untill="2026-01-01")], "E-SPEC-VALUE"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_file_and_field(
    rules: list[dict[str, object]], code: str, tmp_path: Path
) -> None:
    error = refusal(tmp_path, *rules)
    assert error.rule == code
    assert error.where is not None
    assert error.where.file == "acme.yaml"


@pytest.mark.parametrize("resource", ["../../etc/passwd", "/etc/passwd", "data/../x", "data//x", ""])
def test_a_vocabulary_stays_inside_its_package(resource: str, tmp_path: Path) -> None:
    vocabularies = {"cl100k_base": {**VOCABULARY, "resource": resource}}
    error = refusal(tmp_path, rule("a", "m"), vocabularies=vocabularies)
    assert error.where is not None
    assert error.where.field == "vocabularies.cl100k_base.resource"


COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        (".hub.revision", {"revision": "main"}),
        (".hub.revision", {"revision": COMMIT[:7]}),
        (".hub.revision", {"revision": COMMIT.upper()}),
        (".hub.revision", {"revision": f"{COMMIT}\n"}),
        (".hub.repo", {"repo": "tokenizer"}),
        (".hub.repo", {"repo": "https://hub.example/acme/tokenizer"}),
        (".hub.repo", {"repo": "acme/../tokenizer"}),
        (".hub.repo", {"repo": "acme/tokenizer?x=1"}),
        (".hub.repo", {"repo": "acme/" + "t" * 92}),
        (".hub.branch", {"branch": "main"}),
        ("", {"package": "bpe_openai"}),
    ],
)
def test_a_vocabulary_of_a_hub_names_a_repo_and_a_commit(
    field: str, changes: dict[str, str], tmp_path: Path
) -> None:
    package = {"package": changes.get("package")}
    hub = {"repo": "acme/tokenizer-v1.0", "revision": COMMIT}
    good = {**VOCABULARY, "package": None, "hub": hub}
    book(tmp_path, rule("a", "m"), vocabularies={"own": good})
    extra = {name: value for name, value in changes.items() if name != "package"}
    error = refusal(tmp_path, rule("a", "m"), vocabularies={"own": {**good, **package, "hub": hub | extra}})
    assert error.where is not None
    assert (error.rule, error.where.field) == ("E-SPEC-VALUE", f"vocabularies.own{field}")


def test_a_file_is_named_after_its_provider_and_a_folder_holds_specs(tmp_path: Path) -> None:
    assert refusal(tmp_path, rule("a", "m"), provider="other").rule == "E-SPEC-NAME"
    with pytest.raises(BadSpecError, match="E-SPEC-NONE"):
        SpecBook(tmp_path / "nowhere")


def test_the_schema_for_editors_is_the_one_the_models_make() -> None:
    written = (ROOT / "tokenizer_specs" / "_schema.json").read_text("utf-8")
    assert written == models.schema_text(), "regenerate it as tokenizer_specs/README.md says"


def test_every_known_provider_says_how_it_is_counted_or_why_not() -> None:
    known = yaml.safe_load((ROOT / "tickmark" / "providers.yaml").read_text("utf-8"))
    written = {path.stem for path in (ROOT / "tokenizer_specs").glob("*.yaml")}
    assert written == set(known)


def test_roles_that_rules_count_as_one_token_are_one_token(counters: Counters) -> None:
    file = strictyaml.load_as(ROOT / "tokenizer_specs" / "openai.yaml", "openai.yaml", models.SpecFile)
    checked = 0
    for one in file.rules:
        if isinstance(one.framing, OpenAIMessages) and one.vocabulary is not None:
            assert counters[one.vocabulary].count(one.framing.roles) == [1] * len(one.framing.roles)
            checked += 1
    assert checked
