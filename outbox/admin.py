"""Messages on their way out."""

import email.policy
import re
from email.parser import BytesParser
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import models

from journal.desk import Act, Noun, Todo, show, site_of
from outbox import deliveries
from outbox.models import Delivery


def _text_of(message: bytes) -> str:
    parsed = BytesParser(policy=email.policy.default).parsebytes(message)
    plain = parsed.get_body(("plain",))
    return str(plain.get_content()) if plain else ""


@show.column("What it says")
@show.once
def says(row: Delivery) -> str:
    if row.channel != Delivery.Channel.MAIL:
        return show.prose(bytes(row.message).decode(errors="replace"))
    # SECURITY: a mail may hold a private link. Whoever has it acts as the candidate, so it is not shown here.
    return show.prose(re.sub(r"(https?://\S*/)[\w-]{20,}\S*", r"\1…", _text_of(bytes(row.message))))


@show.column("About")
def about(row: Delivery) -> str:
    noun = apps.get_model(row.about_type)
    return show.link(noun(pk=row.about_id), noun._meta.verbose_name)


@admin.register(Delivery)
class DeliveryAdmin(Noun):
    see = "send a parked message again"
    list_display = (
        "subject_line",
        "recipient",
        "channel",
        show.state(wait=("queued",), good=("sent",), bad=("parked",)),
        "attempts",
        show.when("created_at", "Written"),
        show.when("sent_at", "Sent"),
    )
    list_filter = ("status", "channel")
    since = "created_at"
    ordering = ("-created_at",)
    search_fields = ("recipient", "subject_line")
    search_help_text = "Recipient or subject."
    page = (
        (
            None,
            (
                "subject_line",
                "recipient",
                about,
                show.state(wait=("queued",), good=("sent",), bad=("parked",)),
                show.when("sent_at", "Sent"),
            ),
        ),
        ("Attempts", ("attempts", show.when("due_at", "Not before"), "last_error")),
        ("Message", (says,)),
    )
    acts = [
        Act(
            name="send_again",
            label="Send again",
            rule=deliveries.send_again,
            may="send a parked message again",
            when=lambda row: row.status == Delivery.Status.PARKED,
            done="It will be sent again in a moment.",
        )
    ]
    todo = [
        Todo(
            "messages could not be delivered",
            "status__exact=parked",
            lambda rows: rows.filter(status="parked"),
        )
    ]
    empty = "No messages yet. Invitations and offers appear here as soon as something is booked or sent."

    def visible(self, user: Any) -> models.QuerySet[Any]:
        # SECURITY: a message about an offer names its figures.
        return Delivery.objects.exclude(about_type__in=site_of(self).withheld(user)).defer("message")
