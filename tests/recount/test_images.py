"""What images cost: sizes from headers, published formulas, and what is not counted."""

import base64
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from PIL import Image

from tickmark import recount
from tickmark.formats import Json
from tickmark.framing.pixels import size_of
from tickmark.specbook import SpecBook

THEN = datetime(2026, 1, 23, tzinfo=UTC)
TEXT: Json = {"type": "text", "text": "What is this?"}


def picture(size: tuple[int, int], kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size).save(file, kind, **options)
    return file.getvalue()


def part(size: tuple[int, int], **fields: Json) -> Json:
    url = "data:image/png;base64," + base64.b64encode(picture(size)).decode()
    return {"type": "image_url", "image_url": {"url": url, **fields}}


def plan(
    specs: SpecBook, model: str, *parts: Json, at: datetime = THEN, role: str = "user"
) -> recount.CountPlan:
    body: dict[str, Json] = {"model": model, "messages": [{"role": role, "content": [*parts]}]}
    return recount.plan("openai", "chat", model, at, body, specs)


def image_tokens(specs: SpecBook, model: str, *parts: Json, at: datetime = THEN) -> int:
    plain = plan(specs, model, TEXT, at=at)
    return plan(specs, model, TEXT, *parts, at=at).overhead_tokens - plain.overhead_tokens


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"exif": b"Exif\0\0" + b"\xff" * 60_000, "icc_profile": b"x" * 90_000}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0x"}),
    ],
)
def test_an_image_names_its_size_in_its_first_bytes(kind: str, options: dict[str, object]) -> None:
    assert size_of(picture((301, 17), kind, **options)[: 192 * 1024]) == (301, 17)


@examples(st.sampled_from(["PNG", "GIF", "JPEG", "WEBP"]), st.integers(0, 40), st.binary(max_size=60))
def test_bytes_that_are_no_image_have_no_size_and_break_nothing(kind: str, kept: int, noise: bytes) -> None:
    found = size_of(picture((3, 5), kind)[:kept] + noise)
    assert found is None or min(found) > 0


def test_an_image_of_no_width_has_no_size() -> None:
    assert size_of(picture((3, 5))[:16] + bytes(8)) is None


# Billed tokens of recorded requests less those of their text, as docs/images.md tells.
@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("gpt-4o", (128, 128), 255),
        ("gpt-4o", (640, 480), 425),
        ("gpt-4o-mini", (1, 1), 8500),
        ("gpt-4o-mini", (640, 480), 14167),
        ("gpt-4.1-mini", (640, 480), 488),
        ("gpt-4.1-nano", (128, 128), 41),
        ("gpt-4.1-nano", (603, 427), 656),
        ("gpt-4.1-nano", (1, 1), 4),
        ("gpt-5", (640, 480), 350),
        ("gpt-5-mini", (640, 480), 361),
        ("gpt-5-nano", (16, 16), 3),
        ("gpt-5-nano", (640, 480), 451),
        ("o4-mini", (640, 480), 517),
        # By address; the size is public.
        ("gpt-4o-mini", (2560, 1669), 36835),
        ("gpt-4.1-nano", (2560, 1669), 3662),
        ("gpt-5-nano", (2560, 1669), 2233),
    ],
)
def test_images_cost_what_was_billed(model: str, size: tuple[int, int], tokens: int, specs: SpecBook) -> None:
    assert image_tokens(specs, model, part(size)) == tokens


# The examples of OpenAI's guide, "Images and vision", calculating costs.
@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        ("gpt-4o", (1024, 1024), "high", 765),
        ("gpt-4o", (2048, 4096), "high", 1105),
        ("gpt-4o", (4096, 2048), "low", 85),
        ("gpt-4.1-mini", (1024, 1024), "auto", 1660),
        ("gpt-4.1-mini", (1800, 2400), "auto", 2354),
    ],
)
def test_published_examples(
    model: str, size: tuple[int, int], detail: str, tokens: int, specs: SpecBook
) -> None:
    assert image_tokens(specs, model, part(size, detail=detail)) == tokens


def test_each_image_costs_and_the_text_beside_it_stays_one(specs: SpecBook) -> None:
    planned = plan(specs, "gpt-4o-mini", TEXT, TEXT, part((640, 480)), part((8, 8)))
    assert planned.segments == ("What is this?What is this?",)
    assert planned.overhead_tokens == 3 + 3 + 1 + 14167 + 8500
    assert (planned.shape, planned.exactness) == ("media", "exact")


def test_what_no_bill_shows_is_near(specs: SpecBook) -> None:
    small = part((8, 8))
    assert plan(specs, "gpt-4o", small, TEXT).exactness == "exact"
    near = [
        plan(specs, "gpt-4o", TEXT, part((2000, 2000))),
        plan(specs, "gpt-4o", TEXT, part((8, 8), detail="high")),
        plan(specs, "gpt-4o", TEXT, part((8, 8), detail="low")),
        plan(specs, "gpt-4o", TEXT, small, TEXT),
        plan(specs, "gpt-4.1", TEXT, small),
        plan(specs, "gpt-4.1-nano", TEXT, part((2000, 2000))),
    ]
    assert {planned.exactness for planned in near} == {"exact_text"}


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}], "by address or file id"),
        ([{"type": "input_image", "file_id": "file-1"}], "by address or file id"),
        ([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}], "first bytes"),
        ([{"type": "image_url", "image_url": {"url": "data:image/png;base64,é"}}], "first bytes"),
        ([{"type": "image_url", "image_url": None}], "by address or file id"),
        ([{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}], "audio"),
        ([{"type": "file", "file": {"file_id": "file-1"}}], "documents"),
        ([part((8, 8), detail="original")], "level of detail"),
    ],
)
def test_media_that_no_rule_places_say_why(parts: list[Json], reason: str, specs: SpecBook) -> None:
    planned = plan(specs, "gpt-4o", TEXT, *parts)
    assert planned.shape == "media"
    assert reason in str(planned.reason)


def test_images_of_other_models_days_and_roles_are_not_counted(specs: SpecBook) -> None:
    small = part((8, 8))
    days = [datetime(2026, 5, 6, 23, tzinfo=UTC), datetime(2026, 5, 7, tzinfo=UTC)]
    assert [plan(specs, "gpt-4.1-nano", TEXT, small, at=day).exactness for day in days] == ["exact", "none"]
    assert image_tokens(specs, "gpt-5-nano", part((128, 128)), at=datetime(2026, 6, 8, tzinfo=UTC)) == 24
    assert "not known" in str(plan(specs, "gpt-5.4", TEXT, small).reason)
    assert plan(specs, "gpt-4o", TEXT, small, role="system").exactness == "none"
    assert plan(specs, "gpt-4.1-mini", TEXT, part((8, 8), detail="low")).exactness == "none"


def test_images_in_items_of_the_responses_interface(specs: SpecBook) -> None:
    url = "data:image/png;base64," + base64.b64encode(picture((640, 480))).decode()
    content: list[Json] = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": url},
    ]
    body: dict[str, Json] = {"model": "gpt-4o", "input": [{"role": "user", "content": content}]}
    planned = recount.plan("openai", "responses", "gpt-4o", THEN, body, specs)
    assert (planned.exactness, planned.overhead_tokens) == ("exact", 3 + 3 + 1 + 425)
