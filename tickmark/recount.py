"""Counting a logged request again: the plan of what is counted, and the count.

Lives here: plans, and totals of plans. Does not live here: which rule holds (specbook), how a family frames
its messages (framing/), the tokenizer (tokenizers/).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain
from typing import NamedTuple

from tickmark.formats import JsonObject
from tickmark.framing import answers, images
from tickmark.framing.answer_constants import Answers
from tickmark.framing.result import Framed, Request, SegmentKind, Shape, Uncountable
from tickmark.framing.shapes import shape_of
from tickmark.months import day_of
from tickmark.specbook import Counts, Spec, SpecBook
from tickmark.specs import Calibration, Exactness
from tickmark.tokenizers import Counters


@dataclass(frozen=True, slots=True)
class CountPlan:
    """What to count of one request: billed input tokens = overhead + the tokens of every segment."""

    spec: str | None
    """`provider/rule`, or None where no spec covers the request."""
    vocabulary: str | None
    shape: Shape
    exactness: Exactness
    overhead_tokens: int
    segments: tuple[str, ...]
    """Texts between special tokens, each as often as it occurs."""
    reason: str | None
    """Why the request is not counted, for people; None where it is."""
    calibration: Calibration | None = None
    """What a closed tokenizer makes of the count; None where the vocabulary is the biller's own."""
    further: tuple[tuple[SegmentKind, tuple[str, ...]], ...] = ()
    """Segments of other kinds than text."""
    unseen_tokens: int = 0
    """Tokens that may be billed on top, and the log does not show whether they were."""

    @property
    def by_kind(self) -> tuple[tuple[SegmentKind, tuple[str, ...]], ...]:
        """All segments by what they are to the biller."""
        return (("text", self.segments), *self.further)

    def range(self, tokens: Mapping[SegmentKind, int]) -> "Range":
        """The count where the segments of each kind hold `tokens`."""
        if self.calibration is not None:
            total = self.overhead_tokens + self.calibration.estimate(tokens)
            return Range(total, *self.calibration.band(total))
        unseen = tokens.get("unseen", 0)
        total = self.overhead_tokens + sum(tokens.values()) - unseen
        return Range(total, total, total + self.unseen_tokens + unseen)


ANSWERING = answers.OPERATIONS
NO_TEXT = "the log holds no request text"
NO_SPEC = "no tokenizer spec covers this provider, operation and model at that time"
NO_ANSWERS = "answers of this model were never measured"
NOT_MEASURED = "requests of this shape were never measured for this model"
TOO_DEEP = "a part of the request that is nested too deep"
LONE_SURROGATE = "a text that is not valid Unicode"


def plan(
    provider: str,
    operation: str,
    model: str | None,
    started_at: datetime | None,
    body: JsonObject | None,
    specs: SpecBook,
) -> CountPlan:
    """Plan the count of one request. Pure; never raises for what a body holds."""
    shape: Shape = "none" if body is None else shape_of(body)
    spec = specs.find(provider, operation, model, started_at)
    if spec is None:
        return _refused(None, shape, NO_SPEC)
    if spec.counts is None:
        return _refused(spec, shape, spec.rule.because or NO_SPEC)
    missing = spec.counts.missing
    if body is None or missing is not None:
        return _refused(spec, shape, missing or NO_TEXT)
    try:
        framed = _framed(spec.counts, model, started_at, body, shape)
    except Uncountable as why:
        return _refused(spec, why.shape, spec.rule.not_counted.get(why.shape, why.reason))
    except RecursionError:
        return _refused(spec, "other", TOO_DEEP)
    return _planned(spec, spec.counts, shape, framed)


def plan_answer(
    provider: str,
    operation: str,
    model: str | None,
    started_at: datetime | None,
    body: JsonObject | None,
    answer: JsonObject | None,
    specs: SpecBook,
) -> CountPlan:
    """Plan the count of one answer: billed output without reasoning. Pure; never raises for what it holds."""
    spec = specs.find(provider, operation, model, started_at)
    if spec is None or spec.counts is None or spec.counts.missing is not None:
        return _refused(spec, "none", NO_SPEC)
    rule = next(filter(partial(_holds, model=model, day=day_of(started_at)), spec.counts.answers), None)
    if rule is None:
        return _refused(spec, "none", NO_ANSWERS)
    try:
        framed = answers.frame(operation, body or {}, answer or {}, rule)
    except Uncountable as why:
        return _refused(spec, why.shape, why.reason)
    except RecursionError:
        return _refused(spec, "other", TOO_DEEP)
    exactness: Exactness = "calibrated" if framed.unseen_tokens or framed.further else "exact"
    return _counted_by(spec, spec.counts, answers.shape_of(answer or {}), exactness, framed)


def _framed(
    counts: Counts, model: str | None, started_at: datetime | None, body: JsonObject, shape: Shape
) -> Framed:
    """The request as its rule frames it; raise Uncountable where it cannot."""
    if shape != "media" or "media" not in counts.exactness:
        return counts.framer(Request(body, shape, started_at, counts.silent_fields), counts.constants)
    apart = images.taken_out(body, images.rule_of(counts.images, model, day_of(started_at)))
    request = Request(apart.body, shape_of(apart.body), started_at, counts.silent_fields)
    try:
        framed = counts.framer(request, counts.constants)
    except Uncountable as why:
        raise Uncountable(shape, why.reason) from None
    framed.overhead_tokens += apart.tokens
    framed.measured &= apart.measured
    return framed


def _holds(rule: Answers, model: str | None, day: date | None) -> bool:
    named = not rule.models or any(fnmatchcase(model or "", glob) for glob in rule.models)
    return named and rule.holds(day)


def _planned(spec: Spec, counts: Counts, shape: Shape, framed: Framed) -> CountPlan:
    exactness = counts.exactness.get(shape, "none")
    if exactness == "none":
        return _refused(spec, shape, spec.rule.not_counted.get(shape, NOT_MEASURED))
    if exactness == "exact" and not framed.measured:
        exactness = "exact_text"
    calibration = counts.calibrated.get(shape) if exactness == "calibrated" else None
    return _counted_by(spec, counts, shape, exactness, framed, calibration)


def _counted_by(
    spec: Spec,
    counts: Counts,
    shape: Shape,
    exactness: Exactness,
    framed: Framed,
    calibration: Calibration | None = None,
) -> CountPlan:
    if not all(map(_is_unicode, chain(framed.segments, *framed.further.values()))):
        return _refused(spec, "other", LONE_SURROGATE)
    segments = tuple(segment for segment in framed.segments if segment)
    further = tuple((kind, tuple(filter(None, texts))) for kind, texts in framed.further.items() if texts)
    return CountPlan(
        spec.name,
        counts.vocabulary,
        shape,
        exactness,
        framed.overhead_tokens,
        segments,
        reason=None,
        calibration=calibration,
        further=further,
        unseen_tokens=framed.unseen_tokens,
    )


def _refused(spec: Spec | None, shape: Shape, reason: str) -> CountPlan:
    return CountPlan(None if spec is None else spec.name, None, shape, "none", 0, (), reason)


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Range(NamedTuple):
    """Billed tokens of a plan; an estimate where it is calibrated."""

    tokens: int
    least: int
    """The least that a right bill may show."""
    most: int


def count(plans: Sequence[CountPlan], counters: Counters) -> list[int | None]:
    """Billed tokens of each plan, None where it has a reason; an estimate where it is calibrated."""
    return [None if found is None else found.tokens for found in ranges(plans, counters)]


def ranges(plans: Sequence[CountPlan], counters: Counters) -> list[Range | None]:
    """The same with what a right bill may show."""
    return [
        None if found is None else planned.range(found)
        for planned, found in zip(plans, segment_tokens(plans, counters), strict=True)
    ]


def segment_tokens(plans: Sequence[CountPlan], counters: Counters) -> list[Mapping[SegmentKind, int] | None]:
    """Tokens of each plan's segments in its vocabulary, without overhead; each unique text once."""
    texts: dict[str, set[str]] = {}
    for planned in plans:
        if planned.vocabulary is not None:
            texts.setdefault(planned.vocabulary, set()).update(*(found for _, found in planned.by_kind))
    counted = {name: _counted(found, counters, name) for name, found in texts.items()}
    return [
        None
        if planned.vocabulary is None
        else {
            kind: sum(map(counted[planned.vocabulary].__getitem__, found)) for kind, found in planned.by_kind
        }
        for planned in plans
    ]


def _counted(texts: Iterable[str], counters: Counters, vocabulary: str) -> dict[str, int]:
    ordered = list(texts)
    return dict(zip(ordered, counters[vocabulary].count(ordered), strict=True))
