"""What truly happened in the simulated month: sessions of four workloads, attempt by attempt.

Lives here: who calls which model, when, with which text, and which requests are tried again.
Does not live here: token counts (metering), money (billing), what documents get wrong (faults).

Instants lean to the edges, the first and the last second of days and of the month, where cut-offs go wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from random import Random

from tickmark.months import Month
from tickmark.simulator.calls import (
    EMBEDDING,
    FINE_TUNED,
    GPT_4O,
    GPT_4O_MINI,
    GPT_41_MINI,
    HAIKU,
    HTTP_OK,
    MISTRAL_SMALL,
    SONNET,
    Body,
    Call,
    Model,
)
from tickmark.simulator.texts import diff, prose, question, stream

SURGE = timedelta(days=14)
"""At the end of the month, the time in which the retries of a workload may multiply."""
EDGE_EVERY = 12
"""One session in so many starts at the first or the last second of a day."""
_HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 14, 18, 18, 16, 12, 16, 18, 18, 16, 10, 6, 5, 4, 3, 2, 1)
_WEEKEND, _WORKDAY = 1, 4
_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A use of one model; lengths in characters, spans from least to most."""

    name: str
    model: Model
    teams: tuple[str, ...]
    sessions: int
    gateway: str = "exchanges"
    turns: tuple[int, int] = (1, 1)
    prompts: int = 1
    prompt_chars: int = 0
    ask: Callable[[Random, int], str] = question
    ask_chars: tuple[int, int]
    answer_chars: tuple[int, int] = (0, 0)
    streams: bool = False
    retries_per_mille: int = 0
    surge: int = 1
    """What retries are multiplied with in the last `SURGE` of the month."""
    first_statuses: tuple[int, ...] = (429, 500)
    """Statuses of first attempts that are retried, in turn; 200: the client gave up, the provider did not."""


WORKLOADS = (
    Workload(
        name="support-bot", model=GPT_4O, teams=("support",), sessions=175, turns=(2, 6), prompt_chars=14_000,
        ask_chars=(120, 400), answer_chars=(150, 450), retries_per_mille=20,
    ),
    Workload(
        name="support-bot", model=GPT_4O_MINI, teams=("support",), sessions=420, gateway="litellm",
        prompt_chars=2_500, ask_chars=(120, 300), answer_chars=(20, 40), retries_per_mille=20,
    ),
    Workload(
        name="doc-search", model=EMBEDDING, teams=("search", "support"), sessions=360, gateway="litellm",
        ask=prose, ask_chars=(100, 250),
    ),
    Workload(
        name="doc-search", model=GPT_41_MINI, teams=("search", "support"), sessions=200, turns=(1, 2),
        prompt_chars=6_000, ask_chars=(80, 250), answer_chars=(200, 500), streams=True, retries_per_mille=20,
    ),
    Workload(
        name="code-review", model=SONNET, teams=("platform",), sessions=70, turns=(2, 5), prompt_chars=14_000,
        ask=diff, ask_chars=(1_000, 3_000), answer_chars=(600, 1_800),
    ),
    Workload(
        name="code-review", model=HAIKU, teams=("platform",), sessions=300, turns=(1, 3), prompt_chars=3_000,
        ask=diff, ask_chars=(700, 2_000), answer_chars=(200, 900), streams=True,
        retries_per_mille=80, surge=3, first_statuses=(HTTP_OK, 529, HTTP_OK),
    ),
    Workload(
        name="summaries", model=MISTRAL_SMALL, teams=("platform", "support"), sessions=300, prompts=8,
        prompt_chars=12_000, ask_chars=(60, 150), answer_chars=(300, 700), retries_per_mille=15,
    ),
    Workload(
        name="summaries", model=FINE_TUNED, teams=("platform",), sessions=60, prompts=2,
        prompt_chars=12_000, ask_chars=(60, 150), answer_chars=(300, 700),
    ),
)  # fmt: skip


def happen(month: Month, seed: int) -> list[Call]:
    """Every call that a gateway saw, in order of time."""
    calls = [call for workload in WORKLOADS for call in _Acting(workload, month, seed).calls()]
    calls.sort(key=lambda call: call.started_at)
    for number, call in enumerate(calls, start=1):
        call.response_id = f"{number:08d}"
    return calls


class _Acting:
    """One workload through one month."""

    def __init__(self, workload: Workload, month: Month, seed: int) -> None:
        self.workload, self.month = workload, month
        self.rng = stream(seed, f"{workload.name}/{workload.model.name}")
        self.prompts = [
            prose(self.rng, workload.prompt_chars) for _ in range(workload.prompts) if workload.prompt_chars
        ]
        self.due, self.retried = 0, count()

    def calls(self) -> Iterator[Call]:
        for number, start in enumerate(self._starts()):
            for call in self._session(f"{self.workload.model.name}/{number}", start):
                if call.started_at in self.month:
                    yield call

    def _starts(self) -> list[datetime]:
        """Starts of the sessions; the first and the last second of the month always are among them."""
        rng, first = self.rng, self.month.start
        days = [first + timedelta(days=day) for day in range((self.month.end - first).days)]
        weights = [_WEEKEND if day.weekday() >= _SATURDAY else _WORKDAY for day in days]
        starts = [first, self.month.end - timedelta(milliseconds=1)]
        for day in rng.choices(days, weights, k=self.workload.sessions - len(starts)):
            if rng.randrange(EDGE_EVERY) == 0:
                offset = rng.choice((timedelta(0), timedelta(days=1, milliseconds=-1)))
            else:
                hour = rng.choices(range(24), _HOURS)[0]
                offset = timedelta(hours=hour, milliseconds=rng.randrange(3_600_000))
            starts.append(day + offset)
        return sorted(starts)

    def _session(self, name: str, start: datetime) -> Iterator[Call]:
        """A conversation that sends its whole history again with every turn."""
        team, history = self.rng.choice(self.workload.teams), list[Body]()
        prompt = self.rng.choice(self.prompts) if self.prompts else None
        at = start
        for _ in range(self.rng.randint(*self.workload.turns)):
            history = [*history, {"role": "user", "content": self._ask()}]
            attempts = list(self._attempts(name, team, at, self._body(prompt, history)))
            yield from attempts
            history = [*history, {"role": "assistant", "content": attempts[-1].answer}]
            at = attempts[-1].started_at + timedelta(milliseconds=self.rng.randint(15_000, 115_000))

    def _ask(self) -> str:
        return self.workload.ask(self.rng, self.rng.randint(*self.workload.ask_chars))

    def _attempts(self, session: str, team: str, at: datetime, body: Body) -> Iterator[Call]:
        """A request: one attempt, or a first one and its retry."""
        first_status = self._first_status(at)
        if first_status is not None:
            yield self._call(session, team, at, body, first_status, 0)
            at += timedelta(milliseconds=self.rng.randint(2_000, 15_000))
        yield self._call(session, team, at, body, HTTP_OK, 0 if first_status is None else 1)

    def _first_status(self, at: datetime) -> int | None:
        """Status of a first attempt that is retried; evenly spaced, so that small months keep their rate."""
        surge = self.workload.surge if at >= self.month.end - SURGE else 1
        self.due += self.workload.retries_per_mille * surge
        if self.due < 1000:  # noqa: PLR2004 - one in so many, in thousandths
            return None
        self.due -= 1000
        statuses = self.workload.first_statuses
        return statuses[next(self.retried) % len(statuses)]

    def _call(self, session: str, team: str, at: datetime, body: Body, status: int, retry: int) -> Call:
        workload, answered = self.workload, status == HTTP_OK and self.workload.answer_chars[1]
        return Call(
            model=workload.model,
            gateway=workload.gateway,
            workload=workload.name,
            team=team,
            session=session,
            started_at=at,
            latency_ms=self.rng.randint(300, 9_000),
            body=body,
            answer=prose(self.rng, self.rng.randint(*workload.answer_chars)) if answered else "",
            status=status,
            retry=retry,
        )

    def _body(self, prompt: str | None, history: list[Body]) -> Body:
        model = self.workload.model
        streamed: Body = {"stream": True} if self.workload.streams else {}
        if model.operation == "embeddings":
            chunks = [str(history[-1]["content"]), *(self._ask() for _ in range(self.rng.randrange(3)))]
            return {"model": model.requested, "input": chunks}
        if model.operation == "messages":
            system = {"type": "text", "text": prompt, "cache_control": {"type": "ephemeral"}}
            return {
                "model": model.requested,
                "max_tokens": 4096,
                "system": [system],
                "messages": history,
                **streamed,
            }
        if streamed:
            streamed["stream_options"] = {"include_usage": True}
        return {
            "model": model.requested,
            "messages": [{"role": "system", "content": prompt}, *history],
            **streamed,
        }
