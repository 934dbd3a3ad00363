"""The variance bridge as a picture: a waterfall from what we expect to what was billed.

Lives here: the geometry of the waterfall and its drawing by altair, as an SVG that an `<img>` can hold.
Does not live here: amounts and claims (bridge). Floats exist here only, for pixels; figures are Decimal text.
"""

import base64
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from tickmark.reportpage.bridge import PROVED, UNEXPLAINED, Bridge
from tickmark.reportpage.display import amount_parts, capital, noun, spaced, usd_text, visible

WIDTH = 720
CAUSES_SHOWN = 8
_LEFT, _RIGHT = 244.0, 606.0
_ROW, _BAR = 30.0, 14.0
_LABEL_WIDTH, _LABEL_LINES, _LINE = 42, 2, 12.0
_TEAR = _LEFT + 14
_LEAST_BAR = 1.5
_CUT_BELOW = 0.5
_LEAST_SPAN = 0.02
_FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
_INK, _QUIET, _HAIR, _PAPER = "#1d2733", "#8a94a0", "#e4e8ec", "#ffffff"
_TOTAL = ("#33455a", "#33455a")
_MORE, _LESS, _OPEN = ("#b4532a", "#f6e3d9"), ("#2b7a78", "#dceeed"), ("#6d4a8c", "#e9e0f1")
_FINE_DIGIT = 5.4
_STYLES: dict[str, tuple[Any, Any, int, str]] = {
    "normal left": ("normal", "left", 11, _INK),
    "normal right": ("normal", "right", 11, _INK),
    "bold left": ("bold", "left", 11, _INK),
    "bold right": ("bold", "right", 11, _INK),
    "fine left": ("normal", "left", 9, _QUIET),
}
_VEGA_LITE = "6.4"


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of the picture, from one level to the next; a total stands on nothing."""

    label: str
    amount: Decimal
    begin: Decimal
    end: Decimal
    colours: tuple[str, str]
    proved: bool = True
    total: bool = False


@dataclass(slots=True)
class _Marks:
    boxes: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)

    def line(self, x: float, y: float, x2: float, y2: float, colour: str, width: float = 1.0) -> None:
        self.lines.append({"x": x, "y": y, "x2": x2, "y2": y2, "colour": colour, "width": width})

    def box(self, x: float, y: float, x2: float, y2: float, bar: Bar) -> None:
        edge, pale = bar.colours
        fill = edge if bar.proved else pale
        self.boxes.append({"x": x, "y": y, "x2": x2, "y2": y2, "fill": fill, "edge": edge})

    def text(self, x: float, y: float, text: str, style: str) -> None:
        self.texts.append({"x": x, "y": y, "text": text, "style": style})


def bars(bridge: Bridge) -> list[Bar]:
    """Expected, one bar per cause, unexplained and the invoice; they add up exactly.

    Beyond eight causes the smallest are one bar, which says how many they are.
    """
    level = bridge.cost_usd_expected
    result = [Bar("Expected: our logs at our rates", level, Decimal(0), level, _TOTAL, total=True)]
    for label, amount, colours, proved in _changes(bridge):
        result.append(Bar(label, amount, level, level + amount, colours, proved))
        level += amount
    billed = bridge.cost_usd_billed
    return [*result, Bar(bridge.end, billed, Decimal(0), billed, _TOTAL, total=True)]


class _Cause(NamedTuple):
    label: str
    amount: Decimal
    proved: bool


def _changes(bridge: Bridge) -> Iterator[tuple[str, Decimal, tuple[str, str], bool]]:
    causes = _causes(bridge)
    ranked = sorted(range(len(causes)), key=lambda i: abs(causes[i].amount), reverse=True)
    small = ranked[CAUSES_SHOWN:] if len(ranked) > CAUSES_SHOWN + 1 else []
    shown = [cause for i, cause in enumerate(causes) if i not in small]
    if small:
        amount = sum((causes[i].amount for i in small), Decimal(0))
        shown.append(_Cause(noun(len(small), "smaller cause"), amount, all(causes[i].proved for i in small)))
    for cause in shown:
        yield cause.label, cause.amount, _MORE if cause.amount >= 0 else _LESS, cause.proved
    yield "Unexplained", bridge.cost_usd_unexplained, _OPEN, False


def _causes(bridge: Bridge) -> list[_Cause]:
    by_cause: dict[tuple[int, str], _Cause] = {}
    for step in bridge.steps:
        if step.code != UNEXPLAINED:
            key = (step.step_no, step.code)
            label, amount, proved = by_cause.get(key, _Cause(step.cause, Decimal(0), proved=True))
            by_cause[key] = _Cause(label, amount + step.cost_usd, proved and step.grade in PROVED)
    return list(by_cause.values())


@dataclass(frozen=True, slots=True)
class _Scale:
    """Money to pixels. Where the changes are small beside the totals the axis is cut, and drawn torn."""

    left: float
    right: float
    is_cut: bool

    @classmethod
    def of(cls, drawn: list[Bar]) -> "_Scale":
        levels = [float(level) for bar in drawn for level in (bar.end, bar.end if bar.total else bar.begin)]
        low, high = min(levels), max(levels)
        if 0 < high - low < _CUT_BELOW * high:
            # Never magnified beyond 2 % of the bill: the rounding of a matched invoice stays a sliver.
            return cls(high - max((high - low) * 1.25, _LEAST_SPAN * high), high, is_cut=True)
        return cls(min(low, 0.0), max(high, 0.0), is_cut=False)

    def x(self, amount: Decimal) -> float:
        begin = _TEAR if self.is_cut else _LEFT
        span = self.right - self.left
        along = (float(amount) - self.left) / span if span else 0.0
        return round(begin + along * (_RIGHT - begin), 2)

    def begin(self, bar: Bar) -> float:
        return _LEFT if bar.total and self.is_cut else self.x(bar.begin)


def picture(bridge: Bridge) -> str:
    """The waterfall as a `data:` URI of an SVG: same bridge, same bytes."""
    drawn = bars(bridge)
    scale, marks = _Scale.of(drawn), _Marks()
    finest = max(len(amount_parts(bar.amount)[2]) for bar in drawn)
    for row, bar in enumerate(drawn):
        _label(marks, bar, row * _ROW, WIDTH - finest * _FINE_DIGIT)
        _draw(marks, bar, scale, row * _ROW)
        if row + 1 < len(drawn):
            x = scale.x(bar.end)
            marks.line(x, (row + 0.5) * _ROW + _BAR / 2, x, (row + 1.5) * _ROW - _BAR / 2, _QUIET)
    svg = _svg(marks, len(drawn) * _ROW)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")


def described(bridge: Bridge) -> str:
    """The picture in words, for those who cannot see it."""
    return "; ".join(
        f"{visible(bar.label)} {usd_text(bar.amount, signed=not bar.total)} USD" for bar in bars(bridge)
    )


def _label(marks: _Marks, bar: Bar, top: float, cents: float) -> None:
    middle, weight = top + _ROW / 2, "bold" if bar.total else "normal"
    lines = textwrap.wrap(capital(bar.label), _LABEL_WIDTH, max_lines=_LABEL_LINES, placeholder=" …")
    for number, line in enumerate(lines):
        marks.text(0, middle + (number - (len(lines) - 1) / 2) * _LINE, line, f"{weight} left")
    sign, dollars, finer = amount_parts(bar.amount, signed=not bar.total)
    marks.text(cents, middle, sign + spaced(dollars), f"{weight} right")
    if finer:
        marks.text(cents, middle, finer, "fine left")


def _draw(marks: _Marks, bar: Bar, scale: _Scale, top: float) -> None:
    above, below = top + (_ROW - _BAR) / 2, top + (_ROW + _BAR) / 2
    x, x2 = sorted((scale.begin(bar), scale.x(bar.end)))
    if bar.amount:
        marks.box(x, above, max(x2, x + _LEAST_BAR), below, bar)
    else:
        marks.line(x, above, x, below, bar.colours[0])
    if bar.total and scale.is_cut:
        marks.line(_LEFT + 5, below + 2, _LEFT + 11, above - 2, _PAPER, 3)
    marks.line(0, top + _ROW, WIDTH, top + _ROW, _HAIR)


def _svg(marks: _Marks, height: float) -> str:
    # Both take half a second to import, and only a page with a bridge needs them.
    import altair as alt
    import vl_convert

    def layer(values: list[dict[str, Any]]) -> alt.Chart:
        return alt.Chart({"values": values})

    boxes, rules = layer(marks.boxes).mark_rect(strokeWidth=1), layer(marks.lines).mark_rule()
    drawn = [
        boxes.encode(**_corners(), fill=_as_is("fill", "nominal"), stroke=_as_is("edge", "nominal")),
        rules.encode(**_corners(), stroke=_as_is("colour", "nominal"), strokeWidth=_as_is("width")),
    ]
    for style, (weight, align, size, colour) in _STYLES.items():
        text = layer([text for text in marks.texts if text["style"] == style]).mark_text(
            font=_FONT, fontWeight=weight, align=align, fontSize=size, fill=colour, baseline="middle"
        )
        drawn.append(text.encode(x=_pixel("x"), y=_pixel("y"), text="text:N"))
    chart = alt.layer(
        *drawn, width=WIDTH, height=height, padding=0, autosize="none", background="transparent"
    )
    spec = chart.configure(aria=False).configure_view(stroke=None).to_dict()
    return vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE, allowed_base_urls=[])


def _corners() -> dict[str, Any]:
    return {"x": _pixel("x"), "y": _pixel("y"), "x2": "x2:Q", "y2": "y2:Q"}


def _pixel(name: str) -> dict[str, Any]:
    return {**_as_is(name), "axis": None}


def _as_is(name: str, kind: str = "quantitative") -> dict[str, Any]:
    # Without a scale the value is the pixel or colour itself: no font or theme of this machine moves it.
    return {"field": name, "type": kind, "scale": None}
