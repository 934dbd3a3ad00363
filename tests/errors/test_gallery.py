"""The error gallery, run: exit code, exact text, and the published file left as it was."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest

from pipelines.pull.reports import PROVIDERS
from tests.conftest import Ran
from tests.errors import gallery
from tests.errors.command import Commands
from tests.errors.gallery import Case
from tests.pull.replay import replaying
from tickmark.errors import BadSpecError
from tickmark.simulator import write_month

CASES = gallery.cases()
UNTOUCHED = (5, 6, 7, 9)
CONFIGURED = [case for case in CASES if case.exit == 2]
DELIVERED = [case for case in CASES if case.exit != 2]


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    with Commands() as running:
        yield running


@pytest.fixture(scope="module")
def closed(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small home with its month closed."""
    home = tmp_path_factory.mktemp("gallery") / "home"
    shutil.copytree(gallery.HOME, home)
    ran = commands.run(["close", "2026-07"], home)
    assert (ran.code, ran.err) == (0, "")
    return home


def provoke(case: Case, commands: Commands, home: Path, checkout: Path) -> Ran:
    special = dict(case.special)
    with ExitStack() as lasting:
        if answers := special.pop("answers", None):
            replay = lasting.enter_context(replaying())
            replay.instead = [(status, headers, body.encode()) for status, headers, body in answers]
            special["origins"] = dict.fromkeys(PROVIDERS, replay.url)
            special["environment"] = {"HF_ENDPOINT": replay.url} | special.get("environment", {})
        if case.checkout:
            for folder in ("sql", "tokenizer_specs"):
                shutil.copytree(gallery.ROOT / folder, checkout / folder)
            gallery.spoil(checkout, case.checkout, lasting)
            special["checkout"] = str(checkout)
        gallery.spoil(home, case.spoil, lasting)
        return commands.run(case.run.split(), home, **special)


@pytest.mark.parametrize("case", CONFIGURED, ids=lambda case: case.title)
def test_what_is_wrong_in_a_command_or_a_configuration(
    case: Case, commands: Commands, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(gallery.HOME, home)
    ran = provoke(case, commands, home, tmp_path / "checkout")
    assert (ran.code, ran.out, ran.err.splitlines()) == (case.exit, "", list(case.says))


@pytest.mark.slow
@pytest.mark.parametrize("case", DELIVERED, ids=lambda case: case.title)
def test_what_is_wrong_in_a_delivery_or_a_machine(
    case: Case, commands: Commands, closed: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(closed, home)
    finance = home / "finance.duckdb"
    before = hashlib.sha256(finance.read_bytes()).hexdigest()
    ran = provoke(case, commands, home, tmp_path / "checkout")
    if case.exit in UNTOUCHED:
        assert (ran.code, ran.out, ran.err.splitlines()) == (case.exit, "", list(case.says))
        assert hashlib.sha256(finance.read_bytes()).hexdigest() == before
    else:
        assert (ran.code, ran.err) == (case.exit, "")
        assert set(case.says) <= {line.strip() for line in ran.out.splitlines()}
    if case.query is not None:
        with duckdb.connect(str(finance), read_only=True) as database:
            assert database.execute(case.query).fetchall() == list(case.answer)


def test_a_month_that_cannot_be_simulated(tmp_path: Path) -> None:
    with pytest.raises(BadSpecError, match=r"^E-SIMULATE-MONTH a month in which "):
        write_month(tmp_path, "2024-01", 1, gallery.ROOT / "tokenizer_specs")


def test_every_rule_has_a_case_and_every_case_a_rule_of_the_program() -> None:
    sources = [
        path.read_text("utf-8")
        for folder in ("tickmark", "pipelines", "assets", "sql")
        for path in (gallery.ROOT / folder).rglob("*")
        if path.suffix in (".py", ".sql")
    ]
    raised = set(gallery.RULE.findall("\n".join(sources)))
    shown = {rule for case in CASES for rule in case.rules}
    assert shown | gallery.unprovoked().keys() == raised
    assert not shown & gallery.unprovoked().keys()


def test_the_page_is_fresh() -> None:
    assert (gallery.ROOT / "docs" / "errors.md").read_text("utf-8") == gallery.page(), (
        "run `python -m tests.errors.gallery > docs/errors.md`"
    )
