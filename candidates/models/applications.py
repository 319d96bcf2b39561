"""Where a candidate stands for one opening, and what is known of their background."""

from django.db import models
from django.db.models import Q

from accounts import roles
from accounts.encryption import EncryptedIntegerField
from accounts.models import User
from candidates.models.candidates import Candidate
from hiring.models import Edition, Opening, hires
from journal.fulltext import TextIndex
from journal.models import Row


class Applications(models.QuerySet["Application"]):
    def visible_to(self, user: User) -> "Applications":
        """Recruiting staff see all; hiring teams those of their openings; panels those they interview."""
        if roles.allows(user, roles.May.SEE_EVERY_OPENING):
            return self
        readers = Reader.objects.filter(user=user)
        return self.filter(hires(user, "opening") | Q(pk__in=readers.values("application")))

    def hired_for_by(self, user: User) -> "Applications":
        """Those to openings this person hires for: whoever merely interviews the candidate is told less of them."""
        return self.filter(hires(user, "opening"))

    def with_part_of(self, user: User) -> "Applications":
        """Each knows whether this person hires here (`hires`), or only interviews the candidate: panels read who comes
        and with what background; what the company thinks is for those who hire."""
        return self.annotate(hires=hires(user, "opening"))

    def running(self) -> "Applications":
        return self.exclude(status__in=Application.ENDED)


class Application(Row):
    """One candidate for one opening, under the edition of the playbook the opening had at the time."""

    class Status(models.TextChoices):
        NEW = "new", "New"
        SCREENING = "screening", "Screening"
        INTERVIEWING = "interviewing", "Interviewing"
        DECIDING = "deciding", "Deciding"
        APPROVED = "approved", "Approved"
        OFFERED = "offered", "Offer sent"
        HIRED = "hired", "Hired"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    ENDED = (Status.HIRED, Status.REJECTED, Status.WITHDRAWN)
    _OUT = {Status.REJECTED, Status.WITHDRAWN}
    MOVES = {
        Status.NEW: {Status.SCREENING, *_OUT},
        Status.SCREENING: {Status.INTERVIEWING, *_OUT},
        Status.INTERVIEWING: {Status.DECIDING, *_OUT},
        Status.DECIDING: {Status.APPROVED, Status.INTERVIEWING, *_OUT},
        Status.APPROVED: {Status.OFFERED, *_OUT},
        Status.OFFERED: {Status.HIRED, Status.APPROVED, *_OUT},
    }

    class RejectReason(models.TextChoices):
        BACKGROUND = "background", "Background does not fit the role"
        LOOP = "loop", "Interview evidence below the bar"
        PAY = "pay", "Pay expectations do not meet"
        FILLED = "filled", "The place was filled"
        OTHER = "other", "Another reason"

    class WithdrawReason(models.TextChoices):
        OTHER_OFFER = "other_offer", "Took another offer"
        PROCESS = "process", "The process took too long"
        PAY = "pay", "Pay"
        ROLE = "role", "The role is not what they want"
        PERSONAL = "personal", "Personal"
        UNKNOWN = "unknown", "Not said"

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="applications")
    opening = models.ForeignKey(Opening, on_delete=models.PROTECT, related_name="applications")
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=60, help_text="Key in the playbook.")
    status = models.CharField("stage", max_length=15, choices=Status.choices, default=Status.NEW)
    status_at = models.DateTimeField()
    classified_as = models.CharField(
        max_length=60, blank=True, help_text="The role the background is closest to."
    )
    classified_because = models.JSONField(default=list)
    reject_reason = models.CharField(max_length=15, choices=RejectReason.choices, blank=True)
    withdraw_reason = models.CharField(max_length=15, choices=WithdrawReason.choices, blank=True)
    closing_note = models.TextField(blank=True)

    objects = Applications.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "opening"],
                condition=~Q(status__in=["rejected", "withdrawn"]),
                name="one_running_application",
            )
        ]
        indexes = [
            models.Index(fields=["opening", "status"], name="application_stage"),
            models.Index(fields=["created_at", "id"], name="application_created"),
            models.Index(fields=["status", "status_at"], name="application_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.candidate} for {self.opening}"


class Evidence(models.TextChoices):
    """Where a statement about somebody's background comes from, weakest to strongest."""

    CLAIMED = "claimed", "Their own word"
    CV = "cv", "CV or public work"
    SCREENING = "screening", "Screening talk"
    GRADED = "graded", "Graded exercise"


class BackgroundEntry(Row):
    """How deep somebody is in one area the playbook asks about, and what that rests on."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="background")
    area = models.CharField(max_length=60)
    level = models.CharField(
        max_length=10, choices=[(s, s.capitalize()) for s in ("none", "some", "solid", "deep")]
    )
    evidence = models.TextField()
    source = models.CharField(max_length=10, choices=Evidence.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "area"], name="area_once")]
        indexes = [TextIndex(columns=["evidence"], name="background_words")]

    def __str__(self) -> str:
        return f"{self.area}: {self.level}"


class ToolSkill(Row):
    """A named tool, how well, and whether somebody graded it."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="tools")
    tool = models.CharField(max_length=60)
    level = models.CharField(
        max_length=10, choices=[(s, s.capitalize()) for s in ("none", "some", "solid", "deep")]
    )
    graded = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "tool"], name="tool_once")]

    def __str__(self) -> str:
        return self.tool


class PayExpectation(Row):
    """What the candidate expects, and by whose pay they measure it. Amounts are encrypted, minor units a year."""

    application = models.OneToOneField(Application, on_delete=models.CASCADE, related_name="expectation")
    amount = EncryptedIntegerField()
    currency = models.CharField(max_length=3)
    anchor = models.CharField(max_length=60, help_text="The role whose pay they compare with.")
    said = models.TextField(help_text="What they said, in short.")

    def __str__(self) -> str:
        return f"Expectation of {self.application_id}"


class Reader(models.Model):
    """Somebody who may read this application because they interview the candidate."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="readers")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "user"], name="reader_once")]

    def __str__(self) -> str:
        return str(self.user)
