"""Whatever the rows are, the bridge and its picture add up to the last digit, and no cause is dropped."""

import base64
import xml.etree.ElementTree as ET
from decimal import Decimal

from example_month import Row, Tables
from hypothesis import given
from hypothesis import strategies as st

from tickmark.reportpage import bridge_picture
from tickmark.reportpage.bridge import OVERBILLED, Bridge, bridges
from tickmark.reportpage.verdict import verdict

_AMOUNTS = st.decimals(-(10**9), 10**9, places=18)
_STEPS = (
    "population",
    "quantity",
    "classification",
    "price",
    "fees",
    "rounding",
    "credits, tax",
    "unexplained",
)


@st.composite
def months(draw: st.DrawFn) -> Tables:
    """Accounts whose bridge rows lead from expected to billed, except where no invoice closes it."""
    closes, rows = [], []
    for number in range(draw(st.integers(1, 9))):
        own = [_row(draw, f"p{number}") for _ in range(draw(st.integers(0, 14)))]
        expected, gap = draw(_AMOUNTS), draw(st.sampled_from([Decimal(0), Decimal("-3.5")]))
        variance = sum((row["cost_usd"] for row in own), gap)
        figures = {
            "cost_usd_expected": expected,
            "cost_usd_billed": expected + variance,
            "cost_usd_variance": variance,
            "cost_usd_explained": Decimal(0),
            "cost_usd_unexplained": Decimal(0),
        }
        closes.append(
            {"provider": f"p{number}", "account": "a", "status": "break", "invoice_ids": None, **figures}
        )
        rows += own
    return {"month_close": closes, "variance_bridge": rows}


def _row(draw: st.DrawFn, provider: str) -> Row:
    step_no = draw(st.integers(0, len(_STEPS) - 1))
    code = "unexplained" if _STEPS[step_no] == "unexplained" else f"D{step_no}{draw(st.integers(0, 2))}"
    return {
        "provider": provider,
        "account": "a",
        "model": draw(st.sampled_from("mno")),
        "step_no": step_no,
        "step": _STEPS[step_no],
        "cause_code": code,
        "cause": f"cause {code}",
        "tokens": None,
        "cost_usd": draw(_AMOUNTS),
        "grade": draw(st.sampled_from("ABCD")),
        "items": 1,
    }


@given(months())
def test_nothing_is_dropped_on_the_way_from_expected_to_billed(tables: Tables) -> None:
    drawn = bridges(tables)
    assert sum(b.cost_usd_billed for b in drawn) == sum(
        row["cost_usd_billed"] for row in tables["month_close"]
    )
    for bridge in drawn:
        first, *changes, last = bridge_picture.bars(bridge)
        assert first.amount + sum(bar.amount for bar in changes) == last.amount == bridge.cost_usd_billed
        assert all(
            before.end == after.begin for before, after in zip([first, *changes], changes, strict=False)
        )
        assert changes[-1].label == "Unexplained"
        assert len(changes) <= bridge_picture.CAUSES_SHOWN + 2
    told = verdict(tables, drawn, "2026-10", is_draft=False)
    assert sum(part.cost_usd for part in told.parts) == told.cost_usd_variance
    proved = [step for b in drawn for step in b.steps if step.claim == OVERBILLED]
    assert all(step.grade in "AB" and step.cost_usd > 0 for step in proved)


def _drawn(bridge: Bridge) -> ET.Element:
    kind, data = bridge_picture.picture(bridge).split(",")
    assert kind == "data:image/svg+xml;base64"
    return ET.fromstring(base64.b64decode(data))


def test_the_picture_shows_each_step_with_its_figure(month: Tables) -> None:
    openai = next(bridge for bridge in bridges(month) if bridge.provider == "openai")
    words = [element.text for element in _drawn(openai).iter() if element.tag.endswith("text")]
    for figure in ("41 207.32", "+1 934.27", "+1 459.24", "+86.40", "+212.40", "44 899.63"):
        assert figure in [word.replace("\N{NARROW NO-BREAK SPACE}", " ") for word in words if word]
    assert "Invoice" in words


def test_the_picture_stays_inside_its_frame_and_is_the_same_every_time(month: Tables) -> None:
    for bridge in bridges(month):
        assert bridge_picture.picture(bridge) == bridge_picture.picture(bridge)
        root = _drawn(bridge)
        assert root.attrib["width"] == str(bridge_picture.WIDTH)
        assert float(root.attrib["height"]) == len(bridge_picture.bars(bridge)) * 30


def test_a_picture_of_nothing_but_zeros_draws(month: Tables) -> None:
    step = bridges(month)[0].steps[0]
    zeros = Bridge("p", "a", "break", "Invoice", Decimal(0), Decimal(0), [step])
    assert _drawn(zeros).tag.endswith("svg")
