"""How a message of alerts reads: for Slack, for a webhook, for e-mail.

Lives here: wording, order, limits and escaping; names inside alerts come from untrusted files.
Does not live here: which alerts are due (outbox.py) and where they go (endpoints.py).
"""

import json
from bisect import bisect_right
from decimal import Decimal
from email.message import EmailMessage
from itertools import accumulate

from tickmark import money
from tickmark.errors import printable
from tickmark.outbox import Alert, Entry, Message

ITEMS_MAX = 20
_TITLE_MAX = 150
_TEXT_MAX = 2000
# docs.slack.dev, header block and text object, read 2026-11: 150 and 3000 characters, or the post is refused.
_SLACK_HEADER_MAX = 150
_SLACK_TEXT_MAX = 3000
_SLACK_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def slack(message: Message) -> bytes:
    """The JSON an incoming webhook takes: plain text only, so that no name can link or mention."""
    header = _slack_block("header", headline(message), _SLACK_HEADER_MAX)
    sections = [_slack_block("section", part, _SLACK_TEXT_MAX) for part in _parts(message)]
    fallback = _slack_text(headline(message), _SLACK_HEADER_MAX)
    return _json(
        {"text": fallback, "blocks": [header, *sections], "unfurl_links": False, "unfurl_media": False}
    )


def webhook(message: Message) -> bytes:
    """The JSON of a Standard Webhooks message: type, timestamp, data.

    Each alert carries its own `id` besides the message's; `cost_usd` is decimal text.
    """
    alerts = [
        {
            "id": entry.idempotency_key,
            "month": entry.alert.month,
            "flag": entry.alert.flag,
            "subject": _subject(entry.alert),
            "title": _plain(entry.alert.title, _TITLE_MAX),
            "text": _plain(entry.alert.text, _TEXT_MAX),
            "cost_usd": entry.alert.cost_usd,
            "grade": entry.alert.grade,
        }
        for entry in shown(message)
    ]
    data = {"headline": headline(message), "alerts": alerts, "more": len(message.entries) - len(alerts)}
    return _json({"type": "tickmark.red_flags", "timestamp": message.enqueued_at.isoformat(), "data": data})


def email(message: Message, sender: str, to: str) -> EmailMessage:
    """A plain-text mail; a repeated message has the same Message-ID."""
    mail = EmailMessage()
    mail["Subject"] = headline(message)
    mail["From"], mail["To"] = sender, to
    mail["Date"] = message.enqueued_at
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n\n".join(_parts(message)) + "\n")
    return mail


def headline(message: Message) -> str:
    """How many alerts, of which months: 'Tickmark: 3 red flags, 2026-10'."""
    months = sorted({entry.alert.month for entry in message.entries})
    span = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    count = len(message.entries)
    return f"Tickmark: {count} red flag{'' if count == 1 else 's'}, {span}"


def shown(message: Message) -> tuple[Entry, ...]:
    """The alerts a digest spells out: most money first, those without an amount last."""
    return tuple(sorted(message.entries, key=_weight, reverse=True)[:ITEMS_MAX])


def _weight(entry: Entry) -> Decimal:
    cost = entry.alert.cost_usd
    return Decimal(-1) if cost is None else abs(money.parse_decimal(cost))


def _parts(message: Message) -> list[str]:
    """One paragraph per alert that is shown, and one that counts the others."""
    parts = [_paragraph(entry.alert) for entry in shown(message)]
    if (more := len(message.entries) - len(parts)) > 0:
        parts.append(f"and {more} more: see the red_flags table or `tickmark status`")
    return parts


def _paragraph(alert: Alert) -> str:
    cost = "no amount"
    if alert.cost_usd is not None:
        cost = f"USD {money.cents(money.parse_decimal(alert.cost_usd)):,}"
    facts = f"{alert.month} | {_subject(alert)} | {cost} | grade {alert.grade}"
    return f"{_plain(alert.title, _TITLE_MAX)}\n{facts}\n{_plain(alert.text, _TEXT_MAX)}"


def _subject(alert: Alert) -> str:
    return printable(alert.subject)[:_TITLE_MAX]


def _plain(text: str, limit: int) -> str:
    """Show control, bidirectional and invisible characters as code points."""
    seen = "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)
    return seen if len(seen) <= limit else f"{seen[: limit - 3]}..."


def _slack_block(kind: str, text: str, limit: int) -> dict[str, object]:
    return {"type": kind, "text": {"type": "plain_text", "text": _slack_text(text, limit), "emoji": False}}


def _slack_text(text: str, limit: int) -> str:
    """Escape, and cut between characters: a name full of '&' must not make Slack refuse the digest."""
    pieces = [_SLACK_ESCAPES.get(c, c) for c in text]
    return "".join(pieces[: bisect_right(list(accumulate(map(len, pieces))), limit)])


def _json(content: dict[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
