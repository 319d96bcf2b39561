"""What an opening's Slack channel hears: one sentence and a link. Never a candidate's name, an opinion, or pay."""

import datetime as dt
import json

from hiring.models import Opening, SlackHook
from journal import events
from outbox import deliveries
from outbox.models import Delivery


def post(
    opening: Opening, *, says: str, link: str, key: str, by: events.Actor, at: dt.datetime
) -> Delivery | None:
    """Write a post that leaves once the change it tells about is committed; None where the opening has no Slack channel.

    `says` is one sentence of plain text; `link` leads to the page, which shows each reader what they may see.
    """
    hook = SlackHook.objects.filter(opening=opening).first()
    if hook is None:
        return None
    return deliveries.write(
        Delivery.Channel.SLACK,
        compose(str(opening), says, link),
        to=hook.host,
        subject=says,
        key=key,
        about=opening,
        by=by,
        at=at,
    )


def compose(title: str, says: str, link: str) -> bytes:
    """The post as Slack takes it (blocks, and a text for notifications), written once."""
    # SECURITY: plain_text is never read as markup, so a title mentions nobody and leads nowhere.
    section = {"type": "section", "text": {"type": "plain_text", "text": f"{title}\n{says}", "emoji": False}}
    below = {"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{link}|Open in Loopwright>"}]}
    words = f"{title}: {says}".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    post = {"text": words, "blocks": [section, below], "unfurl_links": False, "unfurl_media": False}
    return json.dumps(post, ensure_ascii=False).encode()
