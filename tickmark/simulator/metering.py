"""What the providers meter: true token counts, and what their prompt caches serve.

Lives here: tokens of every successful call by class. OpenAI and Mistral are counted with the
project's own counter, each unique text once; Anthropic's tokenizer is closed: characters by a fixed ratio.
Does not live here: prices (billing).

Caches: OpenAI serves multiples of 128 tokens from 1,024 on, of any prefix used minutes before (prompt caching
guide, 2026-08); Anthropic what `cache_control` marks, five minutes after its last use, from a size per model
on (platform.claude.com, prompt caching, 2026-08).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tickmark import recount
from tickmark.errors import BadSpecError
from tickmark.recount import CountPlan
from tickmark.simulator.calls import SONNET, Body, Call
from tickmark.specbook import SpecBook
from tickmark.tokenizers import Counters

OPENAI_STEP, OPENAI_LEAST, OPENAI_LIFE = 128, 1_024, timedelta(minutes=5)
ANTHROPIC_LEAST = {SONNET.name: 1_024}
ANTHROPIC_LEAST_ELSE, ANTHROPIC_LIFE = 4_096, timedelta(minutes=5)
CHARS_PER_TOKEN = 3
NOTHING = CountPlan(None, None, "none", "none", 0, (), "nothing was answered")


def meter(calls: Sequence[Call], specs: SpecBook) -> None:
    """Fill in the tokens of every successful call; `calls` stand in order of time.

    Raises BadSpecError where no spec counts a model that should be counted in that month.
    """
    succeeded = [call for call in calls if call.succeeded]
    _meter_anthropic([call for call in succeeded if call.model.provider == "anthropic"])
    _meter_counted([call for call in succeeded if call.model.provider != "anthropic"], specs)


class PromptCache:
    """Prefixes that a provider still holds."""

    def __init__(self, life: timedelta) -> None:
        self._life = life
        self._held: dict[str, tuple[datetime, int]] = {}

    def longest(self, prefixes: Iterable[str], at: datetime) -> int:
        """Tokens of the longest of these prefixes that is still held; 0 where none is."""
        held = (self._held.get(prefix) for prefix in prefixes)
        return max((tokens for used, tokens in filter(None, held) if at - used <= self._life), default=0)

    def hold(self, prefix: str, at: datetime, tokens: int) -> None:
        """A prefix was used now."""
        self._held[prefix] = (at, tokens)


def _meter_counted(calls: Sequence[Call], specs: SpecBook) -> None:
    wholes = [_plan(call, call.body, specs) for call in calls]
    prompts = [_plan(call, _prompt_only(call.body), specs) for call in calls]
    answers = [_answer(call, specs) if call.answer else NOTHING for call in calls]
    # One count for all: answers come back as history, and every unique text is counted once.
    counted = iter(recount.count([*wholes, *prompts, *answers], Counters(specs.vocabularies)))
    figures = [[next(counted) or 0 for _ in calls] for _ in range(3)]
    cache = PromptCache(OPENAI_LIFE)
    for call, whole, prompt, output in zip(calls, *figures, strict=True):
        cached = _openai_cached(cache, call, whole, prompt) if call.model.provider == "openai" else 0
        call.tokens = _used(uncached_input=whole - cached, cache_read=cached, output=output)


def _plan(call: Call, body: Body, specs: SpecBook) -> CountPlan:
    model = call.model
    name = model.counted_as or model.name
    return _counted(name, recount.plan(model.provider, model.operation, name, call.started_at, body, specs))


def _prompt_only(body: Body) -> Body:
    return {**body, "messages": body["messages"][:1]} if "messages" in body else body


def _answer(call: Call, specs: SpecBook) -> CountPlan:
    model = call.model
    name = model.counted_as or model.name
    answer: Body = {"choices": [{"message": {"content": call.answer}, "finish_reason": "stop"}]}
    return _counted(
        name,
        recount.plan_answer(model.provider, model.operation, name, call.started_at, call.body, answer, specs),
    )


def _counted(name: str, plan: CountPlan) -> CountPlan:
    if plan.reason is not None:
        raise BadSpecError(
            "E-SIMULATE-MONTH",
            f"a month in which the specs count {name} ({plan.reason})",
            repair="simulate a later month",
        )
    return plan


def _openai_cached(cache: PromptCache, call: Call, whole: int, prompt: int) -> int:
    """Tokens served from the cache; it holds the prompt of a workload and the history of a session."""
    if call.model.operation != "chat":
        return 0
    prefixes = {f"{call.model.name} {call.workload}": prompt, call.session: whole}
    found = cache.longest(prefixes, call.started_at)
    for prefix, tokens in prefixes.items():
        cache.hold(prefix, call.started_at, tokens)
    return found // OPENAI_STEP * OPENAI_STEP if found >= OPENAI_LEAST else 0


def _meter_anthropic(calls: Iterable[Call]) -> None:
    cache = PromptCache(ANTHROPIC_LIFE)
    for call in calls:
        prompt = _invented(call.body["system"][0]["text"])
        history = sum(_invented(message["content"]) for message in call.body["messages"])
        token_class = _anthropic_class(cache, call, prompt)
        used = {"uncached_input": history, "output": _invented(call.answer)}
        used[token_class] = used.get(token_class, 0) + prompt
        call.tokens = _used(**used)


def _anthropic_class(cache: PromptCache, call: Call, prompt: int) -> str:
    """The class of the marked prompt: too short for the cache, served from it, or written to it."""
    if prompt < ANTHROPIC_LEAST.get(call.model.name, ANTHROPIC_LEAST_ELSE):
        return "uncached_input"
    prefix = f"{call.model.name} {call.workload}"
    served = cache.longest((prefix,), call.started_at)
    cache.hold(prefix, call.started_at, prompt)
    return "cache_read" if served else "cache_write_5m"


def _invented(text: str) -> int:
    return -(-len(text) // CHARS_PER_TOKEN)


def _used(**tokens: int) -> dict[str, int]:
    return {token_class: used for token_class, used in tokens.items() if used}
