"""The digest: twenty alerts at most, most money first, and no name in it can act."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy

from hypothesis import example, given
from hypothesis import strategies as st

from tickmark import digest
from tickmark.outbox import Alert, Entry, Message

NOW = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)


def message(*alerts: Alert) -> Message:
    entries = (Entry(f"key-{n}", "ops", alert, "pending", 0, None) for n, alert in enumerate(alerts))
    return Message("msg_1", NOW, tuple(entries))


def test_twenty_largest_are_spelt_out_and_the_others_counted(alert: Callable[..., Alert]) -> None:
    alerts = [alert(f"model-{n}", cost_usd=str(n)) for n in range(24)]
    sent = message(*alerts, alert("credit", cost_usd="-100.005"), alert("unpriced", cost_usd=None))
    shown = [entry.alert.subject for entry in digest.shown(sent)]
    assert shown == ["credit", *(f"model-{n}" for n in range(23, 4, -1))]
    assert json.loads(digest.webhook(sent))["data"]["more"] == 6
    blocks = json.loads(digest.slack(sent))["blocks"]
    assert blocks[0]["text"]["text"] == "Tickmark: 26 red flags, 2026-10"
    assert "2026-10 | credit | USD -100.01 | grade B" in blocks[1]["text"]["text"]
    assert blocks[-1]["text"]["text"].startswith("and 6 more")


def test_webhook_is_a_standard_webhooks_message_with_exact_money(alert: Callable[..., Alert]) -> None:
    sent = json.loads(digest.webhook(message(alert(), alert("x", month="2026-09", cost_usd=None))))
    assert (sent["type"], sent["timestamp"]) == ("tickmark.red_flags", "2026-11-03T06:00:00+00:00")
    assert sent["data"]["headline"] == "Tickmark: 2 red flags, 2026-09 to 2026-10"
    assert sent["data"]["alerts"][0] == {
        "id": "key-0",
        "month": "2026-10",
        "flag": "cost_tieout",
        "subject": "openai",
        "title": "Cost tie-out above 5 %",
        "text": "Billed 6.2 % over the logs; threshold 5 %.",
        "cost_usd": "1234.565",
        "grade": "B",
    }
    assert sent["data"]["alerts"][1]["cost_usd"] is None


def test_mail_keeps_hostile_names_out_of_its_headers(alert: Callable[..., Alert]) -> None:
    hostile = alert("gpt\r\nBcc: x@example.com", title="T\r\nBcc: x@example.com", text="\u202eevil \u2028 éa")
    sent = digest.email(message(hostile), "tickmark@example.com", "cfo@example.com")
    read = message_from_bytes(sent.as_bytes(), policy=policy.default)
    assert "Bcc" not in read
    assert read["Subject"] == "Tickmark: 1 red flag, 2026-10"
    assert read["Message-ID"] == "<msg_1@example.com>"
    body = read.get_content()
    assert "\\u202eevil \\u2028 éa" in body
    assert "2026-10 | gpt\\u000d\\u000aBcc: x@example.com | USD 1,234.57 | grade B" in body


@given(st.text(alphabet=st.one_of(st.sampled_from("&<>!|@:\n"), st.characters()), max_size=200))
@example("&" * 200)
@example("<x" * 100)
def test_no_name_can_act_in_slack_or_make_it_refuse_the_digest(name: str) -> None:
    flooded = Alert("2026-10", "flag", name * 20, name * 20, name * 20, None, "C")
    post = json.loads(digest.slack(message(flooded)))
    for block in post["blocks"]:
        text = block["text"]["text"]
        assert block["text"]["type"] == "plain_text"
        assert len(text) <= 3000
        unescaped = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        assert not set("&<>") & set(unescaped)
    assert post["text"] == "Tickmark: 1 red flag, 2026-10"
