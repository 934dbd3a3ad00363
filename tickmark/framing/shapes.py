"""The shape of a request, whatever its family: what it carries beside plain text.

Lives here: recognising shapes by field and part names of the OpenAI, Mistral and Anthropic interfaces.
Does not live here: what a shape costs (additions) and how messages are framed (one module per family).
"""

from collections.abc import Iterator

from tickmark.formats import Json, JsonObject
from tickmark.framing.result import Shape

_HARDEST_FIRST: tuple[Shape, ...] = ("state", "media", "tool_calls", "tools", "schema", "other")
_STATE_FIELDS = ("previous_response_id", "conversation", "agent_id", "cachedContent")
_TOOL_FIELDS = ("tools", "functions")
_TURN_TOOL_FIELDS = ("tool_calls", "function_call")
_TOOL_ROLES = ("tool", "function")
_PLAIN_FIELDS = {"role", "content"}
_GENERATION_SCHEMAS = ("responseSchema", "responseJsonSchema", "response_schema")
PLAIN_ANSWERS = ("text", "json_object")
_ITEMS: dict[Json, Shape] = {
    **dict.fromkeys((None, "message"), "text"),
    **dict.fromkeys(("item_reference", "reasoning"), "state"),
    **dict.fromkeys(("function_call", "function_call_output"), "tool_calls"),
}
_PARTS: dict[Json, Shape] = {
    **dict.fromkeys(("text", "input_text", "output_text", "thinking"), "text"),
    **dict.fromkeys(("tool_use", "tool_result", "server_tool_use", "web_search_tool_result"), "tool_calls"),
    **dict.fromkeys(("image", "image_url", "input_image", "audio_url", "input_audio", "video_url"), "media"),
    **dict.fromkeys(("file", "input_file", "document", "document_url"), "media"),
}
# Google's parts have no type: the field that is there says what they are.
_UNTYPED: dict[str, Shape] = {
    "text": "text",
    **dict.fromkeys(("functionCall", "functionResponse", "function_call", "function_response"), "tool_calls"),
    **dict.fromkeys(("executableCode", "codeExecutionResult"), "tool_calls"),
    **dict.fromkeys(("inlineData", "fileData", "inline_data", "file_data"), "media"),
}


def shape_of(body: JsonObject) -> Shape:
    """The hardest to count of what the request carries."""
    found = set(_request_shapes(body))
    turns = body.get("messages") or body.get("input") or body.get("contents")
    if isinstance(turns, list):
        for turn in turns:
            if isinstance(turn, dict) and not _is_plain(turn):
                found.update(_turn_shapes(turn))
    return next((shape for shape in _HARDEST_FIRST if shape in found), "text")


def _request_shapes(body: JsonObject) -> Iterator[Shape]:
    if any(map(body.get, _STATE_FIELDS)) or isinstance(body.get("prompt"), dict):
        yield "state"
    if any(map(body.get, _TOOL_FIELDS)) or body.get("web_search_options") is not None:
        yield "tools"
    if body.get("audio"):
        yield "media"
    text = body.get("text")
    formats = (body.get("response_format"), body.get("output_format"), _inside(text, "format"))
    for wanted in (*formats, _inside(body.get("output_config"), "format")):
        if isinstance(wanted, dict) and wanted.get("type") not in PLAIN_ANSWERS:
            yield "schema"
    if any(_inside(body.get("generationConfig"), field) for field in _GENERATION_SCHEMAS):
        yield "schema"


def _inside(given: Json, field: str) -> Json:
    return given.get(field) if isinstance(given, dict) else None


def _is_plain(turn: JsonObject) -> bool:
    """Nothing but a role and a text: most messages of most logs, and worth a shorter way."""
    return (
        turn.keys() == _PLAIN_FIELDS and isinstance(turn["content"], str) and turn["role"] not in _TOOL_ROLES
    )


def _turn_shapes(turn: JsonObject) -> Iterator[Shape]:
    kind = turn.get("type")
    if kind is not None:
        yield _ITEMS.get(kind, "tools") if isinstance(kind, str) else "other"
    if turn.get("role") in _TOOL_ROLES or any(map(turn.get, _TURN_TOOL_FIELDS)):
        yield "tool_calls"
    for part in _listed(turn.get("content")):
        kind = part.get("type") if isinstance(part, dict) else None
        yield _PARTS.get(kind, "other") if isinstance(kind, str) else "other"
    for part in _listed(turn.get("parts")):
        named = part.keys() if isinstance(part, dict) else ()
        yield next((shape for field, shape in _UNTYPED.items() if field in named), "other")


def _listed(given: Json) -> list[Json]:
    return given if isinstance(given, list) else []
