"""The pages of openings."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.pages import Request, for_members
from analytics import openings
from hiring.blueprint import Source
from hiring.models import Opening
from interviews import packets
from journal.desk import show

PER_PAGE = 30


@dataclass(frozen=True)
class Bar:
    """A line of the pay picture: its name, its amounts in words, and where it stands on the scale (per cent)."""

    label: str
    words: str
    kind: str
    x: float | None
    width: float
    note: str = ""
    held_x: float = 0
    held_width: float = 0
    href: str = ""
    source: Source | None = None


@require_GET
@for_members
def listing(request: Request) -> HttpResponse:
    """The openings one may see: those open first, the newest first."""
    rows = openings.listing(request.user)
    running = rows.filter(status__in=[Opening.Status.DRAFT, Opening.Status.OPEN])
    context = {
        "at": timezone.now(),
        "running": Paginator(running, PER_PAGE).get_page(request.GET.get("running")),
        "ended": Paginator(rows.exclude(pk__in=running.values("pk")), PER_PAGE).get_page(
            request.GET.get("page")
        ),
    }
    return render(request, "analytics/openings.html", context)


@require_GET
@for_members
def opening(request: Request, opening_id: uuid.UUID) -> HttpResponse:
    """Readiness, time to fill, pipeline, channels, and pay for those who may read it."""
    at = timezone.now()
    seen = Opening.objects.visible_to(request.user).select_related("edition")
    found = get_object_or_404(seen.defer("edition__content", "edition__source"), pk=opening_id)
    plan = openings.plan_of(found)
    stages, ended = openings.pipeline(found, request.user)
    lines, hires = openings.channels(found, plan, request.user)
    picture = openings.pay_picture(found, plan, request.user)
    context = {
        "at": at,
        "opening": found,
        "plan": plan,
        "team": openings.team(found),
        "reasons": openings.reasons(found, plan),
        "neighbour": next((n for n in plan.neighbours if n.key == plan.readiness.neighbour), None),
        "facts": openings.team_facts(found, plan),
        "flags": list(packets.opening_flags(found, reader=request.user)),
        "stages": [
            (stage, _days(stage.oldest, at), [(a, _days(a.status_at, at)) for a in stage.longest])
            for stage in stages
        ],
        "under_way": sum(stage.count for stage in stages),
        "ended": ended,
        "channels": lines,
        "hires": hires,
        "channel_sources": {line.channel.source: plan.source(line.channel.source) for line in lines}.values(),
        "fill": openings.time_to_fill(found, plan, request.user, at=at),
        "pay": picture,
        "bars": _bars(picture) if picture else [],
        "pay_words": _pay_words(picture) if picture else {},
    }
    return render(request, "analytics/opening.html", context)


def _days(since: dt.datetime | None, at: dt.datetime) -> int | None:
    return (at - since).days if since else None


def _pay_words(picture: openings.PayPicture) -> dict[str, str]:
    band = picture.band
    return {
        "low": show.money(band.low, band.currency),
        "high": show.money(band.high, band.currency),
        "limit": show.money(picture.first_offer_limit, band.currency),
        "held_back": show.money(band.high - picture.first_offer_limit, band.currency),
        "anchor": show.in_words(band.anchor),
    }


def _bars(picture: openings.PayPicture) -> list[Bar]:
    """The band with its held-back share, the offers in it, and the playbook's bands beside it."""
    band, place = picture.band, picture.place

    def between(low: int, high: int) -> tuple[float, float]:
        return place(low), round(place(high) - place(low), 2)

    x, width = between(band.low, band.high)
    held_x, held_width = between(max(band.low, picture.first_offer_limit), band.high)
    words = f"{show.money(band.low, band.currency)} – {show.money(band.high, band.currency)}"
    bars = [Bar("", words, "band", x, width, held_x=held_x, held_width=held_width)]
    for offer in picture.offers:
        words = show.money(offer.amount, offer.currency)
        at = place(offer.amount) if offer.currency == band.currency else None
        bars.append(
            Bar(
                offer.application.candidate.name,
                words,
                "offer",
                at,
                0,
                note=offer.get_status_display(),
                href=str(offer.application_id),
            )
        )
    for cited, source in picture.cited if picture.is_comparable else ():
        x, width = between(100 * cited.low, 100 * cited.high)
        words = (
            f"{show.money(100 * cited.low, band.currency)} – {show.money(100 * cited.high, band.currency)}"
        )
        bars.append(Bar(cited.title, words, "cited", x, width, note=cited.level, source=source))
    return bars
