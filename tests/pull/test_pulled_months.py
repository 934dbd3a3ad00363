"""What a month becomes: which days are asked for, where pages land, and that a close reads them."""

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines import homes
from pipelines.pull.reports import PROVIDERS
from tests.errors.gallery import ROOT
from tests.pull.replay import Puller, Replay, page, usage_pages
from tests.readers.reading import SAMPLES, Rows, read
from tickmark.errors import BadSpecError, PlatformError
from tickmark.home import Home
from tickmark.intake import sources
from tickmark.intake.sources import Landed
from tickmark.simulator import write_month

ACTIVITY, CREDITS = "/api/v1/activity", "/api/v1/credits"
NO_ACTIVITY = b'{"data": []}'
PATHS = {report.name: report.path for provider in PROVIDERS.values() for report in provider.reports}


def asked_dates(replay: Replay) -> list[str]:
    return [date for asked in replay.asked for date in asked.all("date")]


# Buckets: complete days of the month.


@pytest.mark.parametrize(
    ("now", "until", "end_time"),
    [
        (datetime(2026, 10, 11, 12, tzinfo=UTC), 10, "1791676800"),
        (datetime(2026, 10, 11, 0, 29, tzinfo=UTC), 9, "1791590400"),
        (datetime(2026, 10, 11, 0, 30, tzinfo=UTC), 10, "1791676800"),
        (datetime(2026, 11, 1, 0, 30, tzinfo=UTC), 31, "1793491200"),
    ],
)
def test_only_complete_days_are_asked_for(
    pull: Puller, replay: Replay, now: datetime, until: int, end_time: str
) -> None:
    replay.pages[PATHS["openai_usage_completions"]] = usage_pages([until])
    pull.now = now
    [pulled] = pull()
    assert [asked.all("end_time") for asked in replay.asked] == [[end_time]]
    assert pulled.missing == ()


def test_a_growing_month_is_pulled_again(pull: Puller, replay: Replay) -> None:
    for day in (9, 16, 31):
        replay.pages[PATHS["openai_usage_completions"]] = usage_pages([day])
        pull.now = datetime(2026, 10, day, 6, tzinfo=UTC) if day < 31 else datetime(2026, 11, 4, tzinfo=UTC)
        if day < 31:
            with pytest.raises(PlatformError, match="as asked"):  # the day that still runs is no answer
                pull()
            replay.pages[PATHS["openai_usage_completions"]] = usage_pages([day - 1])
        [pulled] = pull()
        assert (pulled.swap.pages, pulled.missing) == (1, ())
    assert list(pull.landed()) == ["openai_usage_completions-2026-10-p0001.json"]


def test_days_without_a_bucket_are_named(pull: Puller, replay: Replay) -> None:
    replay.pages[PATHS["openai_usage_completions"]] = usage_pages([29])
    assert pull()[0].missing == ("2026-10-30", "2026-10-31")


@pytest.mark.parametrize(
    ("provider", "month"), [("openai", "2026-12"), ("openrouter", "2026-12"), ("openrouter", "2026-09")]
)
def test_a_month_without_a_day_to_ask_for_is_refused(
    pull: Puller, replay: Replay, provider: str, month: str
) -> None:
    pull.provider, pull.month, pull.reports = provider, month, ()
    with pytest.raises(
        BadSpecError, match=r"^E-PULL-MONTH command line --month a month with a complete UTC day"
    ):
        pull()
    assert replay.asked == []


# OpenRouter: a page per day, and only thirty days back.


@pytest.fixture
def openrouter(pull: Puller, replay: Replay) -> Puller:
    pull.provider, pull.reports = "openrouter", ()
    pull.now = datetime(2026, 11, 4, 6, tzinfo=UTC)
    replay.pages = {
        ACTIVITY: [NO_ACTIVITY],
        CREDITS: [b'{"data": {"total_credits": 50, "total_usage": 42.5}}'],
    }
    return pull


def test_each_complete_day_is_asked_for_once(openrouter: Puller, replay: Replay) -> None:
    activity, credits_ = openrouter()
    days = [f"2026-10-{day:02d}" for day in range(5, 32)]
    assert asked_dates(replay) == days
    assert (activity.swap.pages, activity.swap.new) == (27, 27)
    assert activity.missing == ("2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04")
    assert credits_.missing == ()
    names = [f".openrouter_activity-{day}-p0001.json" for day in days]
    assert list(openrouter.landed()) == [*names, "openrouter_credits-2026-11-04-p0001.json"]


def test_days_that_were_fetched_in_time_are_kept(openrouter: Puller, replay: Replay) -> None:
    openrouter.now = datetime(2026, 10, 7, 6, tzinfo=UTC)
    assert openrouter()[0].missing == ()
    assert asked_dates(replay) == [f"2026-10-0{day}" for day in range(1, 7)]
    openrouter.now = datetime(2026, 11, 4, 6, tzinfo=UTC)
    activity, _ = openrouter()
    assert (activity.missing, activity.swap.new, activity.swap.unchanged) == ((), 25, 2)


def activity(day: str) -> bytes:
    return b'{"data": [{"date": "%s 00:00:00", "usage": 1.5}]}' % day.encode()


def test_a_day_without_activity_is_known_and_no_delivery(openrouter: Puller, replay: Replay) -> None:
    """A close takes a file without a record for a broken export; one under a hidden name it does not see."""
    openrouter.now = datetime(2026, 10, 3, 6, tzinfo=UTC)
    replay.instead = [(200, {}, activity("2026-10-01")), (200, {}, NO_ACTIVITY)]
    first, second = (f"openrouter_activity-2026-10-0{day}-p0001.json" for day in (1, 2))
    assert openrouter()[0].missing == ()
    assert list(openrouter.landed())[:2] == [f".{second}", first]
    replay.instead = [(200, {}, activity("2026-10-01")), (200, {}, activity("2026-10-02"))]
    swap = openrouter()[0].swap
    assert (swap.unchanged, swap.new, swap.removed) == (1, 1, 1)
    assert list(openrouter.landed())[:2] == [first, second]


def test_a_balance_says_when_it_was_asked(openrouter: Puller, replay: Replay) -> None:
    openrouter.reports = ("openrouter_credits",)
    name, asked = "openrouter_credits-2026-11-04-p0001.json", '{"as_of": "2026-11-04T%s:00:00Z", %s'
    [balance] = replay.pages[CREDITS]
    openrouter()
    openrouter.now = datetime(2026, 11, 4, 7, tzinfo=UTC)
    assert openrouter()[0].swap.unchanged == 1
    assert openrouter.landed() == {name: (asked % ("06", balance.decode()[1:])).encode()}
    replay.pages[CREDITS] = [balance.replace(b"42.5", b"43")]
    assert openrouter()[0].swap.changed == 1
    assert json.loads(openrouter.landed()[name]) == {
        "as_of": "2026-11-04T07:00:00Z",
        "data": {"total_credits": 50, "total_usage": 43},
    }


def test_a_line_of_another_day_is_refused(openrouter: Puller, replay: Replay) -> None:
    replay.pages[ACTIVITY] = [b'{"data": [{"date": "2026-10-06 00:00:00", "usage": 1.5}]}']
    with pytest.raises(
        PlatformError, match=r"from 2026-10-05 until before 2026-10-06, as asked .*data\[\]\.date"
    ):
        openrouter()


# The table.


def test_anthropic_takes_five_groups_at_most() -> None:
    assert max(len(report.group_by) for report in PROVIDERS["anthropic"].reports) == 5


def test_what_anthropic_is_asked(pull: Puller, replay: Replay) -> None:
    pull.provider, pull.reports, pull.month = "anthropic", (), "2026-07"
    replay.pages = {path: [page([])] for path in PATHS.values()}
    pull()
    usage, cost = replay.asked
    assert [usage.path, cost.path] == [
        "/v1/organizations/usage_report/messages",
        "/v1/organizations/cost_report",
    ]
    for asked in (usage, cost):
        assert asked.parameters[:4] == [
            ("starting_at", "2026-07-01T00:00:00Z"),
            ("ending_at", "2026-08-01T00:00:00Z"),
            ("bucket_width", "1d"),
            ("limit", "31"),
        ]
        assert asked.headers["x-api-key"].startswith("ZZSECRET")
        assert asked.headers["anthropic-version"] == "2023-06-01"
        assert "Authorization" not in asked.headers
    assert cost.all("group_by[]") == ["workspace_id", "description"]


# Into the readers.

READ = {
    "openai_usage_completions": {
        "uncached_input": 2040,
        "cache_read": 6500,
        "cache_write_30m": 1000,
        "output": 708,
    },
    "openai_usage_embeddings": {"uncached_input": 81},
    "openai_costs": {
        "cache_read": Decimal("0.816"),
        "output": Decimal("0.003835980000000012"),
        "web_search": Decimal("0.25"),
        None: Decimal("6.000012"),
    },
    "anthropic_usage_report": {
        "uncached_input": 1200,
        "cache_read": 90000,
        "cache_write_5m": 300,
        "cache_write_1h": 40,
        "output": 655,
        "web_search": 4,
    },
    "anthropic_cost_report": {
        "cache_write_1h": Decimal("1.2345"),
        "web_search": Decimal("0.04"),
        None: Decimal("0.0006464"),
    },
}
"""Tokens and dollars of the samples by class, added up by hand (tests/readers/samples)."""


def found_by_a_close(home: Path, month: str) -> list[Landed]:
    """What the sources of a new home find, beside the invoices that it requires."""
    (home / "landing" / "bills" / f"invoices-{month}.csv").touch()
    return [landed for landed in sources.find(Home(home), month) if landed.source.name != "invoices"]


def by_class(rows: Rows) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for row in rows["usage_buckets"]:
        found[row["token_class"]] += row["tokens_usage_export"]
    for row in rows["billing_lines"]:
        found[row["x_token_class"]] += row["billed_cost"]
    return +found


@pytest.mark.parametrize("name", READ)
def test_a_pulled_report_is_found_and_read(pull: Puller, replay: Replay, name: str, tmp_path: Path) -> None:
    replay.pages[PATHS[name]] = [(SAMPLES / f"{name}.json").read_bytes()]
    pull.provider, pull.reports, pull.month = name.split("_", maxsplit=1)[0], (name,), "2026-07"
    [pulled] = pull()
    [landed] = found_by_a_close(pull.home, "2026-07")
    assert (landed.source.format, landed.source.name) == (name, pulled.source)
    found = read(tmp_path / "read", name, landed.path.read_bytes(), landed.path.name)
    assert found.rejects == []
    assert by_class(found.rows) == READ[name]


REPORTS = [report.name for provider in PROVIDERS.values() for report in provider.reports]


@pytest.mark.parametrize("name", REPORTS)
def test_a_new_home_has_one_source_for_every_report(tmp_path: Path, name: str) -> None:
    homes.make(tmp_path / "home")
    (tmp_path / "home" / "landing" / "bills" / f"{name}-2026-07-p0001.json").write_text("{}")
    landed = found_by_a_close(tmp_path / "home", "2026-07")
    units = name.startswith("openai_usage_") and name not in READ
    assert [file.source.format for file in landed] == ["openai_usage" if units else name]


@pytest.mark.slow
def test_a_whole_simulated_month_comes_through(pull: Puller, replay: Replay, tmp_path: Path) -> None:
    """What a provider would answer for a month, its pages cut in two, becomes what a close finds."""
    delivered = tmp_path / "delivered"
    write_month(delivered, "2026-10", 1, ROOT / "tokenizer_specs")
    exports = {
        file.name.split("-", maxsplit=1)[0]: file for file in (delivered / "landing" / "bills").glob("*.json")
    }
    for name, file in exports.items():
        whole = json.loads(file.read_text("utf-8"))["data"]
        replay.pages[PATHS[name]] = [page(whole[:17], "c2"), page(whole[17:])]
    for provider in ("openai", "anthropic"):
        pull.provider, pull.reports = provider, tuple(exports)
        assert all((each.swap.pages, each.missing) == (2, ()) for each in pull())
    found = found_by_a_close(pull.home, "2026-10")
    assert sorted(landed.source.format for landed in found) == sorted([*exports, *exports])
    for name, file in exports.items():
        buckets = [
            bucket
            for landed in found
            if landed.source.format == name
            for bucket in json.loads(landed.path.read_text("utf-8"))["data"]
        ]
        assert buckets == json.loads(file.read_text("utf-8"))["data"]


def test_the_documented_examples_of_every_report_are_taken(
    pull: Puller, replay: Replay, shared_data: Path
) -> None:
    """The providers' own example answers: OpenAI's are of 2024-11-01, Anthropic's of 2025-08-01."""
    openai, anthropic = (
        shared_data / "samples" / "openai_usage_api",
        shared_data / "samples" / "anthropic_admin_api",
    )
    last = page([])
    for name, path in PATHS.items():
        if name.startswith("openai"):
            example = openai / f"organization_{name.removeprefix('openai_')}_response.json"
        elif name.startswith("anthropic"):
            example = anthropic / f"{path.removeprefix('/v1/organizations/').replace('/', '_')}_response.json"
        else:
            continue
        # The decisions report is newer than the examples.
        text = last if name.endswith("decisions") else example.read_bytes()
        more = json.loads(text)["next_page"]
        replay.pages[path] = [text.replace(more.encode(), b"c2"), last] if more else [text]
    for provider, month, reports in (("openai", "2024-11", 12), ("anthropic", "2025-08", 2)):
        pull.provider, pull.month, pull.reports = provider, month, ()
        assert [each.swap.new >= 1 for each in pull()] == [True] * reports
    assert len(pull.landed()) == 12 + 1 + 2 * 2


# Accounts.


def test_another_account_lies_apart(pull: Puller) -> None:
    config = pull.home / "tickmark.yaml"
    line = (
        '{name: emea, format: openai_usage_completions, account: emea, files: "landing/bills/emea/*{month}*"}'
    )
    config.write_text(config.read_text("utf-8").replace("bills:", f"bills:\n  - {line}\n#"), "utf-8")
    pull.account = "emea"
    [pulled] = pull()
    assert pulled.source == "emea"
    assert all(name.startswith("emea/") for name in pull.landed())


def test_an_account_that_no_source_names_is_refused(pull: Puller, replay: Replay) -> None:
    pull.account = "../elsewhere"
    with pytest.raises(
        BadSpecError, match=r"^E-PULL-ACCOUNT command line --account an account of tickmark\.yaml\."
    ):
        pull()
    assert replay.asked == []
