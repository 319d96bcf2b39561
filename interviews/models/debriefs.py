"""Flags, votes, and the recorded decision."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from accounts import roles
from accounts.models import User
from candidates.models import Application
from hiring.models import Edition, Opening, hires
from interviews.models.loops import Loop, Seat
from interviews.models.scorecards import Recommendation
from journal.models import Row


class Flags(models.QuerySet["Flag"]):
    def visible_to(self, user: User) -> "Flags":
        """People who may read packets, for what they may see; panels without that right see no flags.

        A flag can rest on scorecards; such flags are raised once the debrief is open. Somebody who still owes a card of
        that loop sees none of them before it is in: see Note [Blind until submitted].
        """
        if not roles.allows(user, roles.May.READ_DEBRIEFS):
            return self.none()
        owing = Seat.objects.owed_by(user).filter(
            interview__loop__application=OuterRef("application"),
            interview__loop__debrief__created_at__lte=OuterRef("created_at"),
        )
        return self.filter(
            Q(application__in=Application.objects.visible_to(user))
            | Q(opening__in=Opening.objects.visible_to(user))
        ).exclude(Exists(owing))

    def knowing_pay(self, user: User) -> "Flags":
        """Each row knows whether this person hires for its opening (`hires`): only they read what it says of pay."""
        return self.annotate(
            hires=hires(user, Coalesce(OuterRef("opening"), OuterRef("application__opening")))
        )

    def unanswered(self) -> "Flags":
        return self.filter(status=Flag.Status.RAISED)


class Flag(Row):
    """A pattern that predicts a bad hire, raised with its exact evidence. It asks a question; it decides nothing."""

    class Status(models.TextChoices):
        RAISED = "raised", "Unanswered"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        WAIVED = "waived", "Waived"
        UPHELD = "upheld", "Upheld"
        LAPSED = "lapsed", "Lapsed: its evidence changed"

    MOVES = {Status.RAISED: {Status.ACKNOWLEDGED, Status.WAIVED, Status.UPHELD, Status.LAPSED}}

    class About(models.TextChoices):
        OPENING = "opening", "Opening"
        CANDIDATE = "candidate", "Candidate"
        LOOP = "loop", "Loop"
        OFFER = "offer", "Offer"

    opening = models.ForeignKey(
        Opening, null=True, blank=True, on_delete=models.CASCADE, related_name="flags"
    )
    application = models.ForeignKey(
        Application, null=True, blank=True, on_delete=models.CASCADE, related_name="flags"
    )
    about = models.CharField(max_length=10, choices=About.choices)
    pattern = models.CharField(max_length=60)
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    says = models.TextField()
    citations = models.JSONField(
        help_text="Each: kind, id, path, value, words; the exact source of one fact."
    )
    digest = models.CharField(
        max_length=64, help_text="Of pattern and evidence: the same finding raises no second flag."
    )
    status = models.CharField(max_length=15, choices=Status.choices, default=Status.RAISED)
    status_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = Flags.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(opening__isnull=False, application__isnull=True)
                | Q(opening__isnull=True, application__isnull=False),
                name="flag_on_one_thing",
            ),
            models.UniqueConstraint(
                fields=["opening", "digest"], condition=Q(opening__isnull=False), name="flag_once_opening"
            ),
            models.UniqueConstraint(
                fields=["application", "digest"],
                condition=Q(application__isnull=False),
                name="flag_once_application",
            ),
        ]
        indexes = [models.Index(fields=["status", "created_at"], name="flag_status")]

    def __str__(self) -> str:
        return self.says


class Debriefs(models.QuerySet["Debrief"]):
    def visible_to(self, user: User) -> "Debriefs":
        """Whoever may read packets of this loop, and the panel that sat in it and has spoken."""
        own = Exists(_seats_of(user))
        if roles.allows(user, roles.May.READ_DEBRIEFS):
            return self.filter(loop__in=Loop.objects.visible_to(user))
        return self.filter(own).exclude(
            Exists(Seat.objects.owed_by(user).filter(interview__loop=OuterRef("loop")))
        )


def _seats_of(user: User) -> models.QuerySet[models.Model]:
    from interviews.models.loops import Seat

    return Seat.objects.counting().filter(interview__loop=OuterRef("loop"), user=user)


class Debrief(Row):
    """The panel comes together over one loop."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        DECIDED = "decided", "Decided"

    MOVES = {Status.OPEN: {Status.DECIDED}}

    loop = models.OneToOneField(Loop, on_delete=models.CASCADE, related_name="debrief")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    status_at = models.DateTimeField()

    objects = Debriefs.as_manager()

    def __str__(self) -> str:
        return f"Debrief of {self.loop.application}"


class Votes(models.QuerySet["Vote"]):
    def visible_to(self, user: User) -> "Votes":
        """One's own; everybody's once one has voted or the decision is made."""
        voted = Vote.objects.filter(debrief=OuterRef("debrief"), user=user)
        seen = Debrief.objects.visible_to(user)
        return self.filter(
            Q(user=user)
            | Q(debrief__in=seen) & (Q(Exists(voted)) | Q(debrief__status=Debrief.Status.DECIDED))
        )


class Vote(Row):
    """Where a member of the panel stands, cast before hearing the others'."""

    debrief = models.ForeignKey(Debrief, on_delete=models.CASCADE, related_name="votes")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    value = models.CharField(max_length=10, choices=Recommendation.choices)
    reason = models.TextField(blank=True)

    objects = Votes.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["debrief", "user"], name="vote_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_value_display().lower()}"


class Decision(Row):
    """What was decided, by whom, why, and on what: votes, flags and who had read which card."""

    class Outcome(models.TextChoices):
        HIRE = "hire", "Hire"
        NO_HIRE = "no_hire", "Do not hire"

    debrief = models.OneToOneField(Debrief, on_delete=models.CASCADE, related_name="decision")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(blank=True)
    against_panel = models.BooleanField(default=False)
    record = models.JSONField(
        help_text="Votes, recommendations, flags and reads at the moment of deciding, by id."
    )

    def __str__(self) -> str:
        return self.get_outcome_display()
