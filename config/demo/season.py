"""The demo's season: every step is a call of the rule that the product itself would call, in the order of time.

Each applicant's story is a generator that yields the moment of its next step; the season always continues the story
whose moment comes first, so the journal reads as it would have been written.
"""

import datetime as dt
import heapq
import itertools
import random
from collections.abc import Callable, Generator
from zoneinfo import ZoneInfo

from django.db.models import Count

from accounts import users
from accounts.models import User
from candidates import applications, candidates, offers, outcomes
from candidates.models import Application
from config.demo.cast import APPLICANTS, DIVE, INTERVIEWERS, PASSWORD, STAFF, Applicant, Colleague
from hiring import library, openings, playbooks
from hiring.blueprint import Block
from hiring.models import Edition, Opening
from interviews import debriefs, flags, interviewers, loops, schedules, scorecards
from interviews.models import Debrief, Interviewer, Loop, Scorecard, Seat
from interviews.scheduling import Explanation

Story = Generator[dt.datetime, None, None]
WEEKS = 19
LIVE = {"upcoming", "under_way"}  # stories that reach into today
TEAM_FACTS = {
    "models_in_production": 9,
    "mle_infrastructure_percent": 48,
    "retraining_reliable": False,
    "monitoring_complete": False,
    "building_shared_platform": True,
    "quality_is_bottleneck": False,
}
YOUNG_TEAM_FACTS = {
    "models_in_production": 2,
    "mle_infrastructure_percent": 30,
    "retraining_reliable": True,
    "monitoring_complete": True,
    "building_shared_platform": True,
    "quality_is_bottleneck": False,
}


class Season:
    """The company, its opening, and the stories of everybody who applies."""

    def __init__(self, *, now: dt.datetime, tell: Callable[[str], None]) -> None:
        self.now, self.tell = now, tell
        self.start = _monday_of(now) - dt.timedelta(weeks=WEEKS)
        self.chance = random.Random(7)  # noqa: S311 - a season that is the same every time
        self.people: dict[str, User] = {}
        self.system = users.system()

    def walk(self) -> None:
        """Hire through the whole season, up to this moment."""
        self.tell("Setting up the company …")
        self._company()
        edition = self._playbook()
        self._panel(edition)
        opening = self._opening(edition, "ML platform", TEAM_FACTS, self.start + dt.timedelta(hours=10))
        young = self._opening(
            edition,
            "Research tools",
            YOUNG_TEAM_FACTS,
            self.start + dt.timedelta(weeks=WEEKS - 4, hours=10),
            against="Two more models go live next quarter, and the shared platform needs an owner before that.",
        )
        self._answer_opening_flags(young)
        self.tell("Walking through the season …")
        self._run([self._story(who, young if who.ends in LIVE else opening) for who in APPLICANTS])

    def _run(self, stories: list[Story]) -> None:
        order = itertools.count()
        line = [(next(story), next(order), story) for story in stories]
        heapq.heapify(line)
        while line and line[0][0] <= self.now:
            at, _turn, story = heapq.heappop(line)
            loops.finish_due(by=self.system, at=at)
            upcoming = next(story, None)
            if upcoming is not None:
                heapq.heappush(line, (upcoming, next(order), story))
        loops.finish_due(by=self.system, at=self.now)
        scorecards.open_due(by=self.system, at=self.now)

    # --- the company ------------------------------------------------------------------------------------------

    def _company(self) -> None:
        for colleague in (*STAFF, *INTERVIEWERS):
            self.people[colleague.name] = users.create(
                email=colleague.email,
                name=colleague.name,
                title=colleague.title,
                zone=colleague.zone,
                roles_=colleague.roles,
                password=PASSWORD,
                by=self.system,
                at=self.start,
            )
        self.recruiter = self.people["Rufus Recruiterson"]
        self.manager = self.people["Hilda Hiringsen"]

    def _playbook(self) -> Edition:
        name, text = library.shipped("mlops_engineer")
        edition, _new = playbooks.publish(text, name=name, by=self.people["Adela Adminova"], at=self.start)
        return edition

    def _panel(self, edition: Edition) -> None:
        for colleague in INTERVIEWERS:
            buffer_minutes, per_day, per_week = colleague.limits
            person = interviewers.add(
                self.people[colleague.name],
                hours=[(day, dt.time(colleague.hours[0]), dt.time(colleague.hours[1])) for day in range(5)],
                buffer_minutes=buffer_minutes,
                max_per_day=per_day,
                max_per_week=per_week,
                by=self.recruiter,
                at=self.start,
            )
            for level, blocks in (("qualified", colleague.blocks), ("shadow", colleague.learns)):
                for block in blocks:
                    interviewers.qualify(
                        person, edition.playbook, block, level, by=self.recruiter, at=self.start
                    )
            self._meetings(person, colleague)

    def _meetings(self, person: Interviewer, colleague: Colleague) -> None:
        """Some meetings in every week, so that calendars are as full as calendars are."""
        zone = ZoneInfo(colleague.zone)
        for week in range(WEEKS + 3):
            for day in self.chance.sample(range(5), 3):
                hour = self.chance.randrange(*colleague.hours) - 1
                local = dt.datetime.combine(
                    (self.start + dt.timedelta(weeks=week, days=day)).date(), dt.time(hour), zone
                )
                interviewers.block_time(
                    person,
                    starts_at=local,
                    ends_at=local + dt.timedelta(minutes=self.chance.choice((30, 60, 90))),
                    by=person.user,
                    at=self.start,
                )

    def _opening(
        self, edition: Edition, team: str, facts: dict[str, int | bool], at: dt.datetime, against: str = ""
    ) -> Opening:
        opening = openings.draft(
            title="Senior MLOps engineer", team_name=team, edition=edition, facts=facts, zone="Europe/Berlin",
            by=self.recruiter, at=at,
        )  # fmt: skip
        openings.assign(opening, self.manager, "hiring_manager", by=self.recruiter, at=at)
        openings.assign(opening, self.recruiter, "recruiter", by=self.recruiter, at=at)
        openings.set_pay(
            opening, currency="USD", low=310_000_00, high=380_000_00, anchor="senior_platform_engineer",
            tier="Series C, Europe and US East", cash_percent=80, negotiation_percent=12, by=self.recruiter, at=at,
        )  # fmt: skip
        for channel, budget in (
            ("platform_communities", 0),
            ("mlops_community", 3_000_00),
            ("linkedin_recruiter", 12_000_00),
        ):
            openings.use_channel(opening, channel, budget=budget, by=self.recruiter, at=at)
        return openings.approve(opening, reason=against, by=self.manager, at=at + dt.timedelta(hours=2))

    def _answer_opening_flags(self, opening: Opening) -> None:
        for flag in opening.flags.all():
            flags.answer(
                flag, answer="acknowledged", reason="Known and accepted when the opening was approved.",
                by=self.manager, at=flag.created_at + dt.timedelta(days=1),
            )  # fmt: skip

    # --- one applicant ------------------------------------------------------------------------------------------

    def _story(self, who: Applicant, opening: Opening) -> Story:
        live = who.ends in LIVE
        first = (
            _monday_of(self.now) - dt.timedelta(weeks=2)
            if live
            else self.start + dt.timedelta(weeks=who.week)
        )
        at = first + dt.timedelta(days=self.chance.randrange(4), hours=9, minutes=self.chance.randrange(60))
        yield at
        candidate = candidates.add(
            name=who.name, email=who.email, zone=who.zone, headline=who.headline, by=self.recruiter, at=at
        )
        application = applications.apply(candidate, opening, channel=who.channel, by=self.recruiter, at=at)
        at += dt.timedelta(days=1, hours=2)
        yield at
        self._screen(who, application, at)
        at += dt.timedelta(hours=3)
        yield at
        loop = self._begin(who, application, at)
        at += dt.timedelta(hours=1)
        yield at
        plans = schedules.propose(loop, by=self.recruiter, at=at)
        if isinstance(plans, Explanation):
            raise RuntimeError(f"{who.name}: {' '.join(reason.text for reason in plans.reasons)}")
        schedules.confirm(plans[0], by=self.recruiter, at=at)
        if who.ends == "withdrawn":
            yield from self._withdraw(loop)
            return
        yield from self._hold(who, loop)
        if not live:
            yield from self._decide(who, loop)

    def _screen(self, who: Applicant, application: Application, at: dt.datetime) -> None:
        plan = playbooks.of(application.edition)
        found = {
            "none": "Asked: nothing so far.",
            "some": "Has worked beside it.",
            "solid": "Runs it.",
            "deep": "Built it.",
        }
        applications.describe(
            application,
            background=[
                {
                    "area": area,
                    "level": level,
                    "evidence": f"Screening talk, {plan.area(area).label.lower()}: {found[level]}",
                    "source": "screening",
                }
                for area, level in who.levels.items()
            ],
            tools=[{"tool": tool, "level": level, "graded": graded} for tool, level, graded in who.tools],
            by=self.recruiter,
            at=at,
        )
        amount, anchor, said = who.expects
        applications.expect_pay(
            application,
            amount=amount * 100,
            currency="USD",
            anchor=anchor,
            said=said,
            by=self.recruiter,
            at=at,
        )
        applications.screen(application, by=self.recruiter, at=at)

    def _begin(self, who: Applicant, application: Application, at: dt.datetime) -> Loop:
        zone = ZoneInfo(who.zone)
        windows = [
            (dt.datetime.combine(day, opens, zone), dt.datetime.combine(day, closes, zone))
            for day, opens, closes in self._days(
                who, at.astimezone(zone).date(), self.now.astimezone(zone).date()
            )
        ]
        return loops.begin(
            application, windows=windows, urgency=2 if who.ends == "hired" else 1, by=self.recruiter, at=at
        )

    def _days(self, who: Applicant, asked: dt.date, today: dt.date) -> list[tuple[dt.date, dt.time, dt.time]]:
        """The times a candidate offers: six whole working days, or for a loop that is under way two half ones, so that
        part of it lies behind and part of it today."""
        if who.ends == "under_way":
            last = today if today.weekday() < 5 else _workday(today, back=1)
            return [
                (_workday(last, back=1), dt.time(12), dt.time(16, 30)),
                (last, dt.time(13), dt.time(17, 30)),
            ]
        first = today + dt.timedelta(days=1) if who.ends == "upcoming" else asked + dt.timedelta(days=3)
        days = [day for day in (first + dt.timedelta(days=n) for n in range(9)) if day.weekday() < 5]
        return [(day, dt.time(9), dt.time(18, 30)) for day in days[:6]]

    def _withdraw(self, loop: Loop) -> Story:
        first = min(interview.starts_at for interview in loop.interviews.all())
        at = first - dt.timedelta(hours=20)
        yield at
        applications.withdraw(
            Application.objects.get(pk=loop.application_id), reason="process", by=self.recruiter, at=at,
            note="Signed elsewhere while waiting.",
        )  # fmt: skip

    def _hold(self, who: Applicant, loop: Loop) -> Story:
        """Every interviewer accepts, interviews, and hands the card in some hours later."""
        seats = list(
            Seat.objects.live()
            .filter(interview__loop=loop)
            .select_related("user", "interview__loop__edition", "interview__loop__application__candidate")
        )
        for seat in seats:
            schedules.accept(seat, by=seat.user, at=loop.status_at + dt.timedelta(hours=1))
        steps = []
        for turn, seat in enumerate(seats):
            steps.append((seat.interview.starts_at, turn, "open", seat))
            steps.append((seat.interview.ends_at + dt.timedelta(hours=1 + turn % 5), turn, "submit", seat))
        for at, _turn, what, seat in sorted(steps, key=lambda step: step[:2]):
            yield at
            if what == "open":
                scorecards.open_card(seat, by=seat.user, at=at)
            elif who.ends != "under_way" or seat.role == Seat.Role.SHADOW or seat.interview.block != DIVE:
                card = scorecards.open_card(seat, by=seat.user, at=at)
                content = self._card(who, seat)
                scorecards.save(card, content=content, revision=card.revision, by=seat.user, at=at)
                scorecards.submit(card, revision=card.revision, by=seat.user, at=at + dt.timedelta(minutes=5))

    def _card(self, who: Applicant, seat: Seat) -> dict[str, object]:
        """What the scripted interviewer writes: the anchor the answer matched, plainly marked as scripted."""
        plan = playbooks.of(seat.interview.loop.edition)
        block = plan.block(seat.interview.block)
        mark = dict(zip([b.key for b in plan.blocks], who.marks, strict=True))[block.key]
        overall = {"strong": "strong_yes", "mixed": "yes", "doubt": "no", "weak": "no"}[mark]
        return {
            "overall": overall,
            "confidence": "medium" if mark in {"mixed", "doubt"} else "high",
            "notes": f"Scripted interview for the demo: {block.title}.",
            "no_story_because": "The fire alarm ended the interview." if who.incident == "cut_short" else "",
            "ratings": {signal.key: self._rating(who, block, signal.key, mark) for signal in block.signals},
            "segments": {
                segment.key: {
                    "minutes": 12 if segment.incident and who.incident == "cut_short" else segment.minutes,
                    "skipped": False,
                }
                for segment in block.segments
            },
            "stories": [
                _incident_story(segment.key, who.incident)
                for segment in block.segments
                if segment.incident and who.incident != "cut_short"
            ],
        }

    def _rating(self, who: Applicant, block: Block, key: str, mark: str) -> dict[str, str]:
        signal = next(signal for signal in block.signals if signal.key == key)
        incident = {segment.key for segment in block.segments if segment.incident}
        if signal.segment in incident:
            if who.incident == "cut_short":
                return {
                    "value": "not_assessed",
                    "evidence": "The incident part stopped after twelve minutes.",
                }
            mark = "weak" if who.incident == "general" else mark
        value = "mixed" if mark == "doubt" else mark
        anchor = {"strong": signal.strong, "mixed": signal.middle, "weak": signal.weak}[
            value
        ] or signal.strong
        return {"value": value, "evidence": f"(scripted) {anchor}"}

    def _decide(self, who: Applicant, loop: Loop) -> Story:
        debrief = Debrief.objects.get(loop=loop)
        application = Application.objects.get(pk=loop.application_id)
        at = debrief.created_at + dt.timedelta(hours=18)
        yield at
        for seat in (
            Seat.objects.counting().filter(interview__loop=loop).select_related("user").order_by("pk")
        ):
            debrief_vote = scorecards.newest(seat.scorecard).overall
            if not debrief.votes.filter(user=seat.user).exists():
                debriefs.vote(debrief, value=debrief_vote, by=seat.user, at=at)
        for flag in flags.open_questions(application):
            word, reason = who.answers.get(flag.pattern, ("acknowledged", "Discussed in the debrief."))
            flags.answer(flag, answer=word, reason=reason, by=self.manager, at=at)
        for card in _cards(loop):
            scorecards.read(card, by=self.manager, at=at)
        hire = who.ends in {"hired", "declined"}
        debriefs.decide(
            debrief,
            outcome="hire" if hire else "no_hire",
            reason=who.why,
            by=self.manager,
            at=at + dt.timedelta(hours=1),
        )
        if hire:
            yield from self._offer(who, application, at + dt.timedelta(days=1))

    def _offer(self, who: Applicant, application: Application, at: dt.datetime) -> Story:
        yield at
        application.refresh_from_db()
        offer = offers.draft(
            application, amount=334_000_00, cash=270_000_00, currency="USD", anchor="senior_platform_engineer",
            expires_on=(at + dt.timedelta(days=10)).date(), by=self.recruiter, at=at,
        )  # fmt: skip
        offers.approve(offer, by=self.manager, at=at + dt.timedelta(hours=1))
        offers.send(offer, by=self.recruiter, at=at + dt.timedelta(hours=2))
        at += dt.timedelta(days=4)
        yield at
        if who.ends == "declined":
            offers.decline(offer, by=self.recruiter, at=at)
            application.refresh_from_db()
            applications.withdraw(application, reason="other_offer", by=self.recruiter, at=at)
            return
        offers.accept(offer, by=self.recruiter, at=at)
        at += dt.timedelta(days=31)
        yield at
        application.refresh_from_db()
        outcomes.record(
            application, checkpoint_days=30, rating="thriving", still_here=True, would_hire_again=True,
            note="Owns the feature platform's on-call already.", by=self.manager, at=at,
        )  # fmt: skip


def log_ins() -> dict[str, str]:
    """Whom to log in as, by role; of the interviewers, the one with most to do today."""
    live = Seat.objects.live().filter(
        interview__loop__debrief=None, user__email__in=[c.email for c in INTERVIEWERS[1:]]
    )
    busiest = (
        live.values_list("user__email").annotate(seats=Count("pk")).order_by("-seats", "user__email").first()
    )
    return {
        "admin": "adela@example.com",
        "recruiter": "rufus@example.com",
        "hiring manager": INTERVIEWERS[0].email,
        "interviewer": busiest[0] if busiest else INTERVIEWERS[1].email,
    }


def _cards(loop: Loop) -> list[Scorecard]:
    return list(Scorecard.objects.counting().filter(seat__interview__loop=loop).select_related("seat"))


def _incident_story(segment: str, how: str) -> dict[str, str]:
    if how == "general":
        return {
            "segment": segment,
            "situation": "Things broke sometimes, as they do.",
            "own_role": "The team fixed them.",
            "detection": "Somebody would notice.",
            "detection_is": "general",
            "response": "One looks at the logs.",
            "response_is": "general",
            "outcome": "",
            "outcome_is": "absent",
            "numbers": "",
        }
    return {
        "segment": segment,
        "situation": "A ranking model silently served week-old features after a backfill.",
        "own_role": "On call that week; led the response.",
        "detection": "A drift alert on click rate fired 40 minutes in; the service metrics had stayed green.",
        "detection_is": "specific",
        "response": "Rolled back to the last good model, replayed the features, told the two teams downstream.",
        "response_is": "specific",
        "outcome": "A freshness contract on the feature store, checked at serving time.",
        "outcome_is": "specific",
        "numbers": "40 minutes to notice, 3 % of sessions, 2 hours to recover",
    }


def _monday_of(moment: dt.datetime) -> dt.datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - dt.timedelta(days=midnight.weekday())


def _workday(day: dt.date, *, back: int) -> dt.date:
    """The working day `back` working days before this one."""
    while back:
        day -= dt.timedelta(days=1)
        back -= day.weekday() < 5
    return day
