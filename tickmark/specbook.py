"""The book of all tokenizer specs: one rule for each request, or none.

Lives here: loading a folder of specs, refusing contradictions between them, finding the rule of a request.
Does not live here: what a spec file may say (specs) and what a rule counts (framing/, recount).

Two rules of one provider and operation may match the same model on the same day only if one of them names the
other in `overrides`; the order of the file never matters.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from pathlib import Path

from tickmark import strictyaml
from tickmark.errors import BadSpecError, Where
from tickmark.framing import FRAMERS, Framer
from tickmark.framing.answer_constants import Answers
from tickmark.framing.constants import Framing
from tickmark.framing.image_constants import Images
from tickmark.framing.result import Shape
from tickmark.specs import Calibration, Exactness, Rule, SpecFile
from tickmark.tokenizers import sources
from tickmark.vocabularies import Vocabulary

CACHED_MODELS = 4096
"""Model names come from logs, so what is remembered about them is bounded."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A rule, ready for the requests of one operation."""

    name: str
    rule: Rule
    starts: datetime
    ends: datetime
    counts: "Counts | None"


@dataclass(frozen=True, slots=True)
class Counts:
    """How the requests of a spec are counted."""

    vocabulary: str
    framer: Framer
    constants: Framing
    exactness: dict[Shape, Exactness]
    calibrated: dict[Shape, Calibration]
    answers: tuple[Answers, ...]
    images: tuple[Images, ...]
    silent_fields: frozenset[str]
    missing: str | None
    """Why the vocabulary is not there, for people: it must be installed or fetched first."""


class SpecBook:
    """All specs of a folder; rules of a user's `own` files go before those of the folder.

    `store` is where a home keeps vocabularies of a hub; without one they are not counted.
    Raises BadSpecError where one is wrong or two contradict each other.
    """

    def __init__(self, folder: Path, own: Iterable[Path] = (), store: Path | None = None) -> None:
        self._store = store
        self.vocabularies: dict[str, Vocabulary] = {}
        self._specs: dict[tuple[str, str], list[Spec]] = {}
        self._runtime: dict[tuple[str, str], list[Spec]] = {}
        shipped = [(path, _load(path)) for path in sorted(folder.glob("*.yaml"))]
        files = [(path, _load(path)) for path in own] + shipped
        if not shipped:
            raise _error(
                "E-SPEC-NONE",
                "tokenizer specs in this folder",
                folder.name,
                None,
                "restore the checkout's folder, or name another",
            )
        for path, file in files:
            self._add_vocabularies(path, file)
        for path, file in files:
            self._add_rules(path.name, file)
        self._matching = lru_cache(CACHED_MODELS)(self._match)

    def find(self, provider: str, operation: str, model: str | None, at: datetime | None) -> Spec | None:
        """The spec that says how a request of that moment was billed, or None.

        Without a moment, only a spec that holds since ever and until further notice is found.
        """
        for spec in self._matching(provider, operation, model or ""):
            if at is None:
                return spec if spec.rule.holds(None) else None
            if spec.starts <= at < spec.ends:
                return spec
        return None

    def pairs(self) -> Iterator[tuple[Spec, Spec]]:
        """Each runtime spec with the billing spec of the same provider, operation and one of its models."""
        for where, runtimes in self._runtime.items():
            for runtime in runtimes:
                names = set(runtime.rule.models)
                billing = next((s for s in self._specs.get(where, ()) if names & set(s.rule.models)), None)
                if billing is not None and billing.counts and runtime.counts:
                    yield runtime, billing

    def calibrations(self) -> Iterator[tuple[str, Shape, Calibration]]:
        """Every calibration with the name of its spec and the shape it speaks about."""
        named = {spec.name: spec.rule for specs in self._specs.values() for spec in specs}
        for name, rule in named.items():
            for shape, calibration in rule.calibrated.items():
                yield name, shape, calibration

    def _match(self, provider: str, operation: str, model: str) -> tuple[Spec, ...]:
        specs = self._specs.get((provider, operation), ())
        return tuple(spec for spec in specs if any(fnmatchcase(model, glob) for glob in spec.rule.models))

    def installed(self) -> dict[str, Vocabulary]:
        """The vocabularies that can be loaded: all but those that were not installed or not fetched."""
        return {name: each for name, each in self.vocabularies.items() if not sources.missing(each)}

    def _add_vocabularies(self, path: Path, file: SpecFile) -> None:
        for vocabulary, source in file.vocabularies.items():
            if vocabulary in self.vocabularies:
                raise _error(
                    "E-SPEC-VOCABULARY", "each vocabulary once", path.name, vocabulary, "use the other file's"
                )
            self.vocabularies[vocabulary] = Vocabulary(
                vocabulary, path.name, source, path.parent, self._store
            )

    def _add_rules(self, name: str, file: SpecFile) -> None:
        _refuse_overlapping_images(name, file.images)
        for rule in _in_order(name, file.rules):
            if rule.vocabulary is not None and rule.vocabulary not in self.vocabularies:
                raise _error(
                    "E-SPEC-VOCABULARY",
                    "the name of a vocabulary",
                    name,
                    rule.name,
                    "declare it under `vocabularies`, or correct `vocabulary`",
                )
            for operation in rule.operations:
                spec = Spec(
                    name=f"{file.provider}/{rule.name}",
                    rule=rule,
                    starts=_midnight(rule.from_ or date.min),
                    ends=_midnight(rule.until or date.max),
                    counts=self._counts(rule, file, operation),
                )
                kept = self._specs if rule.role == "billing" else self._runtime
                kept.setdefault((file.provider, operation), []).append(spec)

    def _counts(self, rule: Rule, file: SpecFile, operation: str) -> Counts | None:
        if rule.vocabulary is None or rule.framing is None or rule.exactness is None:
            return None
        return Counts(
            vocabulary=rule.vocabulary,
            framer=FRAMERS[rule.framing.rule, operation],
            constants=rule.framing,
            exactness=rule.exactness,
            calibrated=rule.calibrated,
            answers=rule.answers,
            images=file.images,
            silent_fields=frozenset(file.silent_fields.get(operation, ())),
            missing=sources.missing(self.vocabularies[rule.vocabulary]),
        )


def _load(path: Path) -> SpecFile:
    file = strictyaml.load_as(path, path.name, SpecFile)
    if file.provider != path.stem:
        raise _error(
            "E-SPEC-NAME", "a file named after its provider", path.name, "provider", "rename the file"
        )
    return file


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _in_order(file: str, rules: Iterable[Rule]) -> list[Rule]:
    """The rules, each before those it overrides; raise BadSpecError where two compete for a request."""
    named = {rule.name: rule for rule in rules}
    for one, other in combinations(rules, 2):
        if one.name == other.name:
            raise _error("E-SPEC-NAME", "each rule name once", file, one.name, "rename one of the two rules")
        ordered = other.name in one.overrides or one.name in other.overrides
        if not ordered and _overlap(one, other):
            raise _error(
                "E-SPEC-OVERLAP",
                f"no request that rule {other.name} matches too",
                file,
                one.name,
                "narrow models or days of one rule, or let it name the other in `overrides`",
            )
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(named, ()))
    for rule in rules:
        for below in rule.overrides:
            if below not in named:
                raise _error(
                    "E-SPEC-OVERRIDES", "a rule of this file", file, rule.name, "correct `overrides`"
                )
            order.add(below, rule.name)
    try:
        return [named[name] for name in order.static_order()]
    except CycleError:
        raise _error("E-SPEC-OVERRIDES", "no circle of overrides", file, None, "remove one of them") from None


def _overlap(one: Rule, other: Rule) -> bool:
    """Whether some request of some day would match both rules."""
    return (
        one.role == other.role and not set(one.operations).isdisjoint(other.operations) and _meet(one, other)
    )


def _refuse_overlapping_images(file: str, given: Iterable[Images]) -> None:
    for one, other in combinations(given, 2):
        if _meet(one, other):
            raise _error(
                "E-SPEC-OVERLAP",
                "no image that another rule for images matches too",
                file,
                f"images of {one.models[0]}",
                "narrow models or days of one of the two",
            )


def _meet(one: Rule | Images, other: Rule | Images) -> bool:
    """Whether some model of some day matches both."""
    return one.overlaps(other) and any(
        _globs_meet(left, right) for left in one.models for right in other.models
    )


def _globs_meet(left: str, right: str) -> bool:
    """Whether some name matches both globs, where `*` stands for any text."""
    # reachable: how much of `right` can be matched by the part of `left` read so far.
    reachable = _skip_stars({0}, right)
    for char in left:
        if char == "*":
            reachable = set(range(min(reachable), len(right) + 1)) if reachable else set()
        else:
            stays = {at for at in reachable if right[at : at + 1] == "*"}
            moves = {at + 1 for at in reachable if right[at : at + 1] == char}
            reachable = _skip_stars(stays | moves, right)
    return len(right) in reachable


def _skip_stars(places: set[int], glob: str) -> set[int]:
    found = set(places)
    for at in range(len(glob)):
        if at in found and glob[at] == "*":
            found.add(at + 1)
    return found


def _error(rule: str, expected: str, file: str, field: str | None, repair: str) -> BadSpecError:
    return BadSpecError(rule, expected, where=Where(file, field=field), repair=repair)
