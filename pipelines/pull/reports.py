"""What each provider can be asked: its reports, their grouping, how they are paged, which key opens them.

Lives here: the table `PROVIDERS`, and the questions a month becomes. A report is named as the format that
reads it, where there is one. Days are complete days in UTC: a bucket that still grows is never asked for.
Does not live here: the network (caller.py), and what an answer must look like (pages.py).
Sources: openai-openapi of 2026-08-21 and the official client (admin/organization/usage: at most 31 day
buckets a page, arrays as `group_by[]`); platform.claude.com, Usage and Cost API, 2026-08-21;
openrouter.ai, Get user activity, 2026-11.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from tickmark.months import Month

DAY = timedelta(days=1)
SETTLING = timedelta(minutes=30)
"""A day's last calls need some minutes to be counted (OpenRouter names half an hour)."""

Parameters: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One endpoint. `buckets` is paged with a cursor, `days` asks for each day, `balance` has no past."""

    name: str
    path: str
    group_by: tuple[str, ...] = ()
    kind: Literal["buckets", "days", "balance"] = "buckets"


@dataclass(frozen=True, slots=True)
class Provider:
    """How one provider is asked. `period` names a bucket's times, in a question and in its answer."""

    name: str
    origin: str
    key: str
    key_kind: str
    reports: tuple[Report, ...]
    key_header: str = "Authorization"
    key_prefix: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict)
    period: tuple[str, str] = ("", "")
    write: Callable[[datetime], str] = datetime.isoformat
    days_kept: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a report: its answer becomes the page set `set_name`, about `[start, end)`."""

    report: Report
    set_name: str
    parameters: Parameters
    start: datetime
    end: datetime


def _openai(usage: str, *more: str) -> Report:
    return Report(f"openai_usage_{usage}", f"/v1/organization/usage/{usage}", ("project_id", *more))


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider(
            name="openai",
            origin="https://api.openai.com",
            key="OPENAI_ADMIN_KEY",
            key_kind="an admin key (platform.openai.com, Admin keys); project keys see nothing",
            period=("start_time", "end_time"),
            write=lambda instant: str(int(instant.timestamp())),
            # What a close reads comes first: a later report that fails leaves it in place.
            reports=(
                _openai("completions", "api_key_id", "model", "batch", "service_tier"),
                _openai("embeddings", "api_key_id", "model"),
                Report("openai_costs", "/v1/organization/costs", ("line_item", "project_id", "api_key_id")),
                _openai("moderations", "api_key_id", "model"),
                _openai("images", "api_key_id", "model", "size", "source"),
                _openai("audio_speeches", "api_key_id", "model"),
                _openai("audio_transcriptions", "api_key_id", "model"),
                _openai("vector_stores"),
                _openai("code_interpreter_sessions"),
                _openai("file_search_calls", "api_key_id", "vector_store_id"),
                _openai("web_search_calls", "api_key_id", "model", "context_level"),
                _openai("decisions", "api_key_id", "model", "batch", "service_tier"),
            ),
        ),
        Provider(
            name="anthropic",
            origin="https://api.anthropic.com",
            key="ANTHROPIC_ADMIN_KEY",
            key_kind="an admin key (platform.claude.com, Admin keys); other keys see nothing",
            key_header="x-api-key",
            key_prefix="",
            headers={"anthropic-version": "2023-06-01"},
            period=("starting_at", "ending_at"),
            write=lambda instant: f"{instant:%Y-%m-%dT%H:%M:%SZ}",
            reports=(
                # The API takes five keys at most: those that set the price, and the workspace of the bill.
                Report(
                    "anthropic_usage_report",
                    "/v1/organizations/usage_report/messages",
                    ("model", "service_tier", "context_window", "inference_geo", "workspace_id"),
                ),
                # Grouped by description, a cost says its model, tier and geography too.
                Report(
                    "anthropic_cost_report",
                    "/v1/organizations/cost_report",
                    ("workspace_id", "description"),
                ),
            ),
        ),
        Provider(
            name="openrouter",
            origin="https://openrouter.ai",
            key="OPENROUTER_MANAGEMENT_KEY",
            key_kind="a management key (openrouter.ai, Management keys); other keys see nothing",
            days_kept=30,
            reports=(
                Report("openrouter_activity", "/api/v1/activity", kind="days"),
                Report("openrouter_credits", "/api/v1/credits", kind="balance"),
            ),
        ),
    )
}


def complete_until(now: datetime) -> datetime:
    """End of the last day whose usage has been counted."""
    return _midnight(now - SETTLING)


def questions(provider: Provider, report: Report, month: Month, now: datetime) -> Iterator[Question]:
    """What is asked for a month: its complete days that the provider still keeps, or today's balance."""
    if report.kind == "balance":
        today = _midnight(now)
        yield Question(report, day_set(report, today), (), today, today + DAY)
        return
    start, end = month.start, min(month.end, complete_until(now))
    if report.kind == "buckets" and start < end:
        yield Question(report, f"{report.name}-{month}", _buckets(provider, report, start, end), start, end)
    if report.kind == "days":
        for day in days(max(start, first_kept(provider, now)), end):
            date = (("date", f"{day:%Y-%m-%d}"),)
            yield Question(report, day_set(report, day), date, day, day + DAY)


def day_set(report: Report, day: datetime) -> str:
    """Name of the page set of one day."""
    return f"{report.name}-{day:%Y-%m-%d}"


def first_kept(provider: Provider, now: datetime) -> datetime:
    """The first day that a provider with a short memory still answers for."""
    return _midnight(now) - provider.days_kept * DAY


def days(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every day of `[start, end)`."""
    while start < end:
        yield start
        start += DAY


def _buckets(provider: Provider, report: Report, start: datetime, end: datetime) -> Parameters:
    first, last = provider.period
    grouped = tuple(("group_by[]", key) for key in report.group_by)
    width = (("bucket_width", "1d"), ("limit", "31"))
    return ((first, provider.write(start)), (last, provider.write(end)), *width, *grouped)


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
