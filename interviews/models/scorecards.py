"""What each interviewer heard and thought.

Note [Blind until submitted]
    Nobody reads another person's scorecard of a loop before their own is in. The queryset `visible_to` is the one
    place that says so, and every door (page, API, admin, export, count) starts from it. In words:

    - one's own card, always, while one still holds the seat (or once it is submitted);
    - other submitted cards of the loop for somebody who holds a seat in it: when all their own cards of that loop are
      submitted or waived. Losing the seat takes the view away again;
    - for people who may read packets (recruiter, hiring manager, auditor, administrator) and sit on no seat of the
      loop, or whose own cards are in: once the debrief is open;
    - drafts of others: never.
"""

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from accounts import roles
from accounts.models import User
from interviews.models.loops import Loop, Seat
from journal.fulltext import TextIndex
from journal.models import Row


class Scorecards(models.QuerySet["Scorecard"]):
    def visible_to(self, user: User) -> "Scorecards":
        """See Note [Blind until submitted]."""
        mine = Q(seat__user=user) & (Q(seat__held=True) | Q(status=Scorecard.Status.SUBMITTED))
        my_seats = Seat.objects.filter(
            interview__loop=OuterRef("seat__interview__loop"), user=user, held=True
        )
        owing = Seat.objects.owed_by(user).filter(interview__loop=OuterRef("seat__interview__loop"))
        rest = Q(Exists(my_seats))
        if roles.allows(user, roles.May.READ_DEBRIEFS):
            packets = Loop.objects.visible_to(user).filter(debrief__isnull=False)
            rest |= Q(seat__interview__loop__in=packets)
        others = Q(status=Scorecard.Status.SUBMITTED) & ~Q(Exists(owing)) & rest
        return self.filter(mine | others)

    def counting(self) -> "Scorecards":
        """Submitted cards of seats that count. A trainee's card is theirs to learn from."""
        return self.filter(status=Scorecard.Status.SUBMITTED, seat__held=True, seat__role__in=Seat.COUNTING)


class Scorecard(Row):
    """One seat's opinion. What it says is in its versions; the newest one counts."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Submitted"

    MOVES = {Status.DRAFT: {Status.SUBMITTED}}

    seat = models.OneToOneField(Seat, on_delete=models.CASCADE, related_name="scorecard")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    status_at = models.DateTimeField()
    revision = models.PositiveIntegerField(
        default=0, help_text="Goes up with every save: a stale form is noticed."
    )

    objects = Scorecards.as_manager()

    def __str__(self) -> str:
        return f"Scorecard of {self.seat}"


class Recommendation(models.TextChoices):
    """The overall word. There is no middle: an interviewer has to come down on a side."""

    STRONG_YES = "strong_yes", "Strong yes"
    YES = "yes", "Yes"
    NO = "no", "No"
    STRONG_NO = "strong_no", "Strong no"


class Version(Row):
    """One state of a card: the draft (number 0), the submitted one (1), and each amendment after it."""

    class Confidence(models.TextChoices):
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"

    card = models.ForeignKey(Scorecard, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    overall = models.CharField(max_length=10, choices=Recommendation.choices, blank=True)
    confidence = models.CharField(max_length=10, choices=Confidence.choices, blank=True)
    notes = models.TextField(blank=True)
    no_story_because = models.TextField(blank=True, help_text="Why the incident part has no story.")
    saved_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    after_reveal = models.BooleanField(default=False, help_text="Written when others' cards could be seen.")
    amended_because = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["card", "number"], name="version_once")]

    def __str__(self) -> str:
        return f"Version {self.number}"


class Rating(models.Model):
    """One signal, rated against its anchors, with the words it rests on."""

    class Value(models.TextChoices):
        STRONG = "strong", "Strong"
        MIXED = "mixed", "Mixed"
        WEAK = "weak", "Weak"
        NOT_ASSESSED = "not_assessed", "Not assessed"

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="ratings")
    signal = models.CharField(max_length=60)
    value = models.CharField(max_length=15, choices=Value.choices, blank=True)
    evidence = models.TextField(blank=True, help_text="What was said or done; for “not assessed”, why.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "signal"], name="signal_once")]
        indexes = [
            models.Index(fields=["signal", "value"], name="rating_of"),
            TextIndex(columns=["evidence"], name="rating_words"),
        ]

    def __str__(self) -> str:
        return f"{self.signal}: {self.value or 'open'}"


class SegmentTime(models.Model):
    """How long a timed part really ran."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="segments")
    segment = models.CharField(max_length=60)
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    skipped = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "segment"], name="segment_once")]

    def __str__(self) -> str:
        return self.segment


class SegmentRun(models.Model):
    """One stretch a timed part ran by the clock of the kit, in the time of this card's author.

    What was measured stands for the minutes of a draft until its author writes others; handing in turns it into
    `SegmentTime`, which is what everybody reads.
    """

    card = models.ForeignKey(Scorecard, on_delete=models.CASCADE, related_name="runs")
    segment = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Empty while it runs.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["card"], condition=Q(ended_at=None), name="one_segment_runs"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="run_forward"
            ),
        ]

    def __str__(self) -> str:
        return self.segment


class Specificity(models.TextChoices):
    SPECIFIC = "specific", "Specific"
    GENERAL = "general", "General"
    ABSENT = "absent", "Absent"


class IncidentStory(models.Model):
    """An incident the candidate told: what each part was, and whether it was specific."""

    TEXTS = ("situation", "own_role", "detection", "response", "outcome", "numbers")

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="stories")
    segment = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField()
    situation = models.TextField(blank=True)
    situation_is = models.CharField(max_length=10, choices=Specificity.choices, blank=True)
    own_role = models.TextField(blank=True)
    own_role_is = models.CharField(max_length=10, choices=Specificity.choices, blank=True)
    detection = models.TextField(blank=True)
    detection_is = models.CharField(max_length=10, choices=Specificity.choices, blank=True)
    response = models.TextField(blank=True)
    response_is = models.CharField(max_length=10, choices=Specificity.choices, blank=True)
    outcome = models.TextField("post-mortem outcome", blank=True)
    outcome_is = models.CharField(max_length=10, choices=Specificity.choices, blank=True)
    numbers = models.TextField(
        blank=True, help_text="Minutes to detect, users hit, money, whatever was measured."
    )
    numbers_is = models.CharField(max_length=10, choices=Specificity.choices, blank=True)

    class Meta:
        verbose_name_plural = "incident stories"
        constraints = [models.UniqueConstraint(fields=["version", "position"], name="story_once")]
        indexes = [
            TextIndex(
                columns=["situation", "own_role", "detection", "response", "outcome", "numbers"],
                name="story_words",
            )
        ]

    def __str__(self) -> str:
        return f"Story {self.position}"


class CardRead(models.Model):
    """Who has read which version of somebody else's card, and when first."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="reads")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "user"], name="read_once")]

    def __str__(self) -> str:
        return f"{self.user} read it"
