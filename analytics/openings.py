"""One opening as its hiring team looks at it: should it exist, what it pays, who comes and from where, how long it takes.

Every figure is over rows this person may see. The playbook's figures stand beside the company's own, each with its n
and its source, and are never mixed into them.
"""

import datetime as dt
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from accounts.models import User
from candidates.models import Application, Offer
from hiring import pay, playbooks
from hiring.blueprint import Band, Blueprint, Channel, Source
from hiring.models import Opening, PayBand, TeamMember
from journal.desk.nouns import tally

Stage = Application.Status
SHOWN_A_STAGE = 8
DAYS_TO_FILL = "days_to_fill"  # the playbook's benchmark of that key, where it has one
REACHED_INTERVIEWS = (Stage.INTERVIEWING, Stage.DECIDING, Stage.APPROVED, Stage.OFFERED, Stage.HIRED)


# --- the list -------------------------------------------------------------------------------------------------


def listing(user: User) -> QuerySet[Opening]:
    """Openings this person may see, with how many of the candidates they may see are `running` and `deciding`."""
    seen = Application.objects.visible_to(user)
    return (
        Opening.objects.visible_to(user)
        .annotate(
            running=tally(seen.running(), "opening"),
            deciding=tally(seen.filter(status=Stage.DECIDING), "opening"),
        )
        .order_by("-created_at", "id")
    )


# --- should it exist --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reason:
    """Why the playbook says so: a sentence, the stated facts it rests on, and where the rule comes from."""

    because: str
    facts: tuple[tuple[str, str], ...]
    source: Source | None
    counted: bool


def reasons(opening: Opening, plan: Blueprint) -> list[Reason]:
    """What the verdict rests on; reasons that others outweigh come last."""
    facts = {fact.key: fact for fact in plan.readiness.facts}
    found = [
        Reason(
            reason["because"],
            tuple(
                (facts[key].label, stated(facts[key].kind, value)) for key, value in reason["facts"].items()
            ),
            plan.source(reason["source"]) if reason["source"] else None,
            reason["counted"],
        )
        for reason in opening.reasons
    ]
    return sorted(found, key=lambda reason: not reason.counted)


def team_facts(opening: Opening, plan: Blueprint) -> list[tuple[str, str | None]]:
    """What the team stated, in the playbook's order; None where nobody said."""
    return [
        (
            fact.label,
            stated(fact.kind, opening.facts[fact.key]) if opening.facts.get(fact.key) is not None else None,
        )
        for fact in plan.readiness.facts
    ]


def stated(kind: str, value: Any) -> str:
    """A team fact as people read it: “9”, “48 %”, “yes”."""
    if kind == "yes_no":
        return _("yes") if value else _("no")
    return f"{value} %" if kind == "share" else str(value)


# --- pay --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PayPicture:
    """The band on one scale with its offers and the playbook's own bands; amounts are minor units a year."""

    band: PayBand
    first_offer_limit: int
    offers: tuple[Offer, ...]
    cited: tuple[tuple[Band, Source], ...]
    cited_currency: str

    @property
    def scale(self) -> tuple[int, int]:
        """From and to what amount the picture reaches."""
        comparable = [band for band, _source in self.cited if self.is_comparable]
        amounts = [
            self.band.low,
            self.band.high,
            *(o.amount for o in self.offers if o.currency == self.band.currency),
        ]
        amounts += [100 * amount for band in comparable for amount in (band.low, band.high)]
        room = max(1, (max(amounts) - min(amounts)) // 20)
        return max(0, min(amounts) - room), max(amounts) + room

    @property
    def is_comparable(self) -> bool:
        """Whether the playbook's figures are in the band's currency."""
        return self.cited_currency == self.band.currency

    def place(self, amount: int) -> float:
        """Where an amount stands on the scale, in per cent of its width."""
        low, high = self.scale
        return round(100 * (amount - low) / (high - low), 2)


def pay_picture(opening: Opening, plan: Blueprint, user: User) -> PayPicture | None:
    """None for people who may not read the pay of this opening, and while no band is set."""
    band = PayBand.objects.visible_to(user).filter(opening=opening).first()
    if band is None:
        return None
    offers = (
        Offer.objects.visible_to(user)
        .filter(application__opening=opening)
        .select_related("application__candidate")
        .order_by("-created_at", "id")
    )
    keys = (plan.pay.role_band, *plan.pay.anchors)
    return PayPicture(
        band=band,
        first_offer_limit=pay.opening_offer_limit(band.high, band.negotiation_percent),
        offers=tuple(offers),
        cited=tuple((b, plan.source(b.source)) for b in plan.pay.bands if b.key in keys),
        cited_currency=plan.pay.currency,
    )


# --- channels -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ChannelLine:
    """One channel: how many came through it here, and its share of all hires for this role beside the benchmark's."""

    channel: Channel
    in_use: bool
    applied: int
    interviewed: int
    hired: int
    hires: int  # for this playbook, in all openings this person may see


def channels(opening: Opening, plan: Blueprint, user: User) -> tuple[list[ChannelLine], int]:
    """The playbook's channels in its order, and how many hires the company's own shares rest on."""
    seen = Application.objects.visible_to(user)
    interviewed = Q(status__in=REACHED_INTERVIEWS) | Q(loops__interviews__status="held")
    here: dict[str, dict[str, Any]] = {
        row["channel"]: dict(row)
        for row in seen.filter(opening=opening)
        .values("channel")
        .annotate(
            interviewed=Count("pk", filter=interviewed, distinct=True),
            hired=Count("pk", filter=Q(status=Stage.HIRED), distinct=True),
            applied=Count("pk", distinct=True),
        )
    }
    hired = seen.filter(status=Stage.HIRED, edition__playbook=opening.edition.playbook_id)
    hires = Counter(dict(hired.values_list("channel").annotate(n=Count("pk"))))
    used = set(opening.channels.values_list("channel", flat=True))
    lines = []
    for channel in sorted(plan.channels.items, key=lambda channel: channel.rank):
        row = here.get(channel.key, {})
        lines.append(
            ChannelLine(
                channel,
                channel.key in used,
                row.get("applied", 0),
                row.get("interviewed", 0),
                row.get("hired", 0),
                hires[channel.key],
            )
        )
    return lines, hires.total()


# --- pipeline -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StageLine:
    """A stage: how many are in it, since when the longest has been, and those who have waited longest."""

    key: str
    label: str
    count: int
    oldest: dt.datetime | None
    longest: tuple[Application, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.longest)


def pipeline(opening: Opening, user: User) -> tuple[list[StageLine], list[tuple[str, int]]]:
    """Stages of those under way, and how many have ended which way. Three queries whatever their number."""
    seen = Application.objects.visible_to(user).filter(opening=opening)
    counts: dict[str, dict[str, Any]] = {
        row["status"]: dict(row)
        for row in seen.values("status").annotate(count=Count("pk"), oldest=Min("status_at"))
    }
    ranked = seen.exclude(status__in=Application.ENDED).annotate(
        place=Window(RowNumber(), partition_by=F("status"), order_by=(F("status_at"), F("id")))
    )
    shown = ranked.filter(place__lte=SHOWN_A_STAGE).select_related("candidate").order_by("status_at", "id")
    by_stage: dict[str, list[Application]] = {}
    for application in shown.defer("candidate__email", "candidate__phone"):
        by_stage.setdefault(application.status, []).append(application)
    stages = [
        StageLine(
            str(value),
            str(label),
            counts.get(value, {}).get("count", 0),
            counts.get(value, {}).get("oldest"),
            tuple(by_stage.get(value, ())),
        )
        for value, label in Stage.choices
        if value not in Application.ENDED
    ]
    ended = [(Stage(value).label, counts[value]["count"]) for value in Application.ENDED if value in counts]
    return stages, [(str(label), count) for label, count in ended]


# --- time to fill -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TimeToFill:
    """Days this opening took, or has been open so far; the company's median (n openings); the playbook's benchmark."""

    days: int | None
    is_filled: bool
    own_median: float | None
    own_n: int
    benchmark: float | None
    benchmark_n: int | None
    source: Source | None


def time_to_fill(opening: Opening, plan: Blueprint, user: User, *, at: dt.datetime) -> TimeToFill:
    spans = (
        Opening.objects.visible_to(user)
        .filter(
            edition__playbook=opening.edition.playbook_id, filled_at__isnull=False, opened_at__isnull=False
        )
        .values_list("opened_at", "filled_at")
    )
    own = [_days(opened_at, filled_at) for opened_at, filled_at in spans if opened_at and filled_at]
    benchmark = next((b for b in plan.benchmarks if b.key == DAYS_TO_FILL), None)
    is_filled = opening.status == Opening.Status.FILLED and opening.filled_at is not None
    ends_at = opening.filled_at if is_filled and opening.filled_at else at
    return TimeToFill(
        days=_days(opening.opened_at, ends_at) if opening.opened_at else None,
        is_filled=is_filled,
        own_median=statistics.median(own) if own else None,
        own_n=len(own),
        benchmark=benchmark.value if benchmark else None,
        benchmark_n=benchmark.n if benchmark else None,
        source=plan.source(benchmark.source) if benchmark else None,
    )


def _days(begin: dt.datetime, end: dt.datetime) -> int:
    return (end - begin).days


# --- who ----------------------------------------------------------------------------------------------------------


def team(opening: Opening) -> list[TeamMember]:
    """Who hires: the hiring manager first, without the panel."""
    order = list(TeamMember.Part.values)
    rows: Iterable[TeamMember] = opening.team.exclude(part=TeamMember.Part.PANEL).select_related("user")
    return sorted(rows, key=lambda member: (order.index(member.part), member.user.name))


def plan_of(opening: Opening) -> Blueprint:
    return playbooks.of(opening.edition)
