"""A candidate's interviews: the loop, its blocks, and who sits where."""

from django.db import models
from django.db.models import F, Q

from accounts import roles
from accounts.models import User
from candidates.models import Application
from hiring.models import Edition
from interviews.models.constraints import NoOverlap
from journal.models import Row


class Loops(models.QuerySet["Loop"]):
    def visible_to(self, user: User) -> "Loops":
        """Whoever may see the application."""
        if roles.allows(user, roles.May.SEE_EVERY_OPENING):
            return self  # said here too: a database does not notice that a list of all applications leaves nothing out
        return self.filter(application__in=Application.objects.visible_to(user))


class Loop(Row):
    """All interviews of one application, under one edition of the playbook."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting for a schedule"
        CONFIRMED = "confirmed", "Confirmed"
        BROKEN = "broken", "Needs repair"
        HELD = "held", "All interviews held"
        CANCELLED = "cancelled", "Cancelled"

    MOVES = {
        Status.WAITING: {Status.CONFIRMED, Status.CANCELLED},
        Status.CONFIRMED: {Status.BROKEN, Status.HELD, Status.CANCELLED},
        Status.BROKEN: {Status.CONFIRMED, Status.HELD, Status.CANCELLED},
    }

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="loops")
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    status_at = models.DateTimeField()
    urgency = models.PositiveSmallIntegerField(default=1, help_text="1 (usual) to 3 (first).")
    cancel_reason = models.TextField(blank=True)

    objects = Loops.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application"], condition=~Q(status="cancelled"), name="one_live_loop"
            )
        ]
        indexes = [models.Index(fields=["status", "created_at"], name="loop_status")]

    def __str__(self) -> str:
        return f"Loop of {self.application}"


class CandidateWindow(models.Model):
    """A time the candidate offers."""

    loop = models.ForeignKey(Loop, on_delete=models.CASCADE, related_name="windows")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="window_forward")]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}–{self.ends_at:%H:%M}Z"


class LimitOverrides(models.QuerySet["LimitOverride"]):
    def standing(self) -> "LimitOverrides":
        return self.filter(withdrawn_at=None)


class LimitOverride(Row):
    """Somebody may take one interview of this loop beyond a limit of theirs, because of a written reason.

    One, because nobody sits twice in a loop. It counts like any other towards what they take elsewhere.
    """

    class Limit(models.TextChoices):  # the fields of Interviewer and of the engine's Person
        DAY = "max_per_day", "Interviews a day"
        WEEK = "max_per_week", "Interviews a week"
        FOUR_WEEKS = "max_per_four_weeks", "Interviews in four weeks"

    loop = models.ForeignKey(Loop, on_delete=models.CASCADE, related_name="limit_overrides")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    limit = models.CharField(max_length=20, choices=Limit.choices)
    reason = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = LimitOverrides.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["loop", "user", "limit"], condition=Q(withdrawn_at=None), name="override_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_limit_display().lower()}"


class Proposals(models.QuerySet["Proposal"]):
    def visible_to(self, user: User) -> "Proposals":
        """Plans for the loops one sees, unless they tell of a loop one does not."""
        seen = Loop.objects.visible_to(user)
        return self.filter(Q(swap_with=None) | Q(swap_with__in=seen), loop__in=seen)


class Proposal(Row):
    """One ranked plan for a loop, as the engine made it; confirming it books it if it still holds."""

    class Status(models.TextChoices):
        OFFERED = "offered", "Offered"
        CONFIRMED = "confirmed", "Confirmed"
        STALE = "stale", "Out of date"

    MOVES = {Status.OFFERED: {Status.CONFIRMED, Status.STALE}}

    loop = models.ForeignKey(Loop, on_delete=models.CASCADE, related_name="proposals")
    rank = models.PositiveSmallIntegerField()
    plan = models.JSONField(help_text="Blocks with UTC times and people, and what the plan costs.")
    swap_with = models.ForeignKey(
        Loop, null=True, blank=True, on_delete=models.CASCADE, related_name="+",
        help_text="A booked loop that gives way: both are changed together.",
    )  # fmt: skip
    swap_plan = models.JSONField(default=dict, blank=True, help_text="How that loop looks then.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OFFERED)
    status_at = models.DateTimeField()

    objects = Proposals.as_manager()

    class Meta:
        indexes = [models.Index(fields=["loop", "status", "rank"], name="proposal_of")]

    def __str__(self) -> str:
        return f"Plan {self.rank} of {self.loop}"


class Interviews(models.QuerySet["Interview"]):
    def visible_to(self, user: User) -> "Interviews":
        if roles.allows(user, roles.May.SEE_EVERY_OPENING):
            return self
        return self.filter(loop__in=Loop.objects.visible_to(user))


class Interview(Row):
    """One block of one loop at one time."""

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        HELD = "held", "Held"
        NO_SHOW = "no_show", "Candidate did not come"
        CANCELLED = "cancelled", "Cancelled"

    MOVES = {
        Status.SCHEDULED: {Status.HELD, Status.NO_SHOW, Status.CANCELLED},
        Status.NO_SHOW: {Status.CANCELLED},
    }

    loop = models.ForeignKey(Loop, on_delete=models.CASCADE, related_name="interviews")
    block = models.CharField(max_length=60)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    meeting_url = models.URLField(max_length=500, blank=True, help_text="Where the conversation takes place.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.SCHEDULED)
    status_at = models.DateTimeField()

    objects = Interviews.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="interview_forward"),
            models.UniqueConstraint(
                fields=["loop", "block"], condition=~Q(status="cancelled"), name="block_once_per_loop"
            ),
        ]
        indexes = [models.Index(fields=["status", "starts_at"], name="interview_due")]

    def __str__(self) -> str:
        candidate = self.loop.application.candidate
        return f"{self.block.replace('_', ' ').capitalize()} with {candidate}, {self.starts_at:%-d %b %Y, %H:%M} UTC"


class Seats(models.QuerySet["Seat"]):
    def live(self) -> "Seats":
        """Seats that take somebody's time."""
        return self.filter(held=True)

    def counting(self) -> "Seats":
        """Seats whose scorecard the decision needs: trainees learn, they do not count."""
        return self.filter(held=True, role__in=Seat.COUNTING)

    def owed_by(self, user: User) -> "Seats":
        """Seats whose scorecard this person still has to hand in. See Note [Blind until submitted]."""
        return self.filter(held=True, user=user, card_waived_because="").exclude(
            scorecard__status="submitted"
        )

    def visible_to(self, user: User) -> "Seats":
        if roles.allows(user, roles.May.SEE_EVERY_OPENING):
            return self
        return self.filter(interview__in=Interview.objects.visible_to(user))


class Seat(Row):
    """A place on an interview's panel and the person on it.

    `blocked_from`/`blocked_until` is the time it takes out of that person's day, buffer included; the database
    itself refuses an overlap of two held seats of one person.
    """

    class Role(models.TextChoices):
        LEAD = "lead", "Lead"
        PEER = "peer", "Peer"
        HIRING_MANAGER = "hiring_manager", "Hiring manager"
        SHADOW = "shadow", "Shadow"
        REVERSE_SHADOW = "reverse_shadow", "Reverse shadow"

    COUNTING = (Role.LEAD, Role.PEER, Role.HIRING_MANAGER)

    class Response(models.TextChoices):
        ASKED = "asked", "Asked"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined this time"
        RECUSED = "recused", "Stepped back from this candidate"

    interview = models.ForeignKey(Interview, on_delete=models.CASCADE, related_name="seats")
    key = models.CharField(max_length=60, help_text="The seat's key in the playbook.")
    role = models.CharField(max_length=15, choices=Role.choices)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="seats")
    blocked_from = models.DateTimeField()
    blocked_until = models.DateTimeField()
    held = models.BooleanField(default=True, help_text="Whether this takes the person's time.")
    response = models.CharField(max_length=10, choices=Response.choices, default=Response.ASKED)
    decline_reason = models.CharField(max_length=200, blank=True)
    suggests_from = models.DateTimeField(null=True, blank=True, help_text="Another time they asked for.")
    suggests_until = models.DateTimeField(null=True, blank=True)
    card_waived_because = models.TextField(blank=True)
    card_waived_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = Seats.as_manager()

    class Meta:
        constraints = [
            NoOverlap(
                name="no_double_booking",
                keys=("user",),
                start="blocked_from",
                end="blocked_until",
                condition=Q(held=True),
                violation_error_message="This person already has an interview at that time.",
            ),
            models.CheckConstraint(condition=Q(blocked_until__gt=F("blocked_from")), name="seat_forward"),
            models.UniqueConstraint(fields=["interview", "key"], condition=Q(held=True), name="seat_once"),
            models.UniqueConstraint(fields=["interview", "user"], condition=Q(held=True), name="person_once"),
        ]
        indexes = [models.Index(fields=["user", "held", "blocked_from"], name="seat_of")]

    def __str__(self) -> str:
        return f"{self.user} as {self.get_role_display().lower()}"

    @property
    def counts(self) -> bool:
        """Whether the decision needs this seat's scorecard."""
        return self.held and self.role in self.COUNTING
