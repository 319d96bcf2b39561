"""What we want: an opening, who hires, what it pays, where we look."""

from typing import Any

from django.db import models
from django.db.models import BooleanField, Exists, F, OuterRef, Q, Value

from accounts import roles
from accounts.encryption import EncryptedTextField
from accounts.models import User
from hiring.models.playbooks import Edition
from journal.models import Row


class Openings(models.QuerySet["Opening"]):
    def visible_to(self, user: User) -> "Openings":
        """Recruiting staff see every opening; everybody else the ones they are on the team of."""
        if roles.allows(user, roles.May.SEE_EVERY_OPENING):
            return self
        return self.filter(pk__in=TeamMember.objects.filter(user=user).values("opening"))

    def hired_for_by(self, user: User) -> "Openings":
        """Those this person hires for. Whoever merely sits on a panel knows the opening, not what it pays."""
        return self.filter(hires(user, "pk"))


def hires(user: User, opening: Any) -> Any:
    """As an annotation or a filter: whether this person hires for the opening that `opening` leads to from the row.

    Recruiting staff hire for every opening; hiring managers, recruiters and coordinators for those they are on the
    team of; panels for none.
    """
    if roles.allows(user, roles.May.SEE_EVERY_OPENING):
        return Value(True, output_field=BooleanField())
    team = TeamMember.objects.filter(
        user=user, opening=OuterRef(opening) if isinstance(opening, str) else opening
    )
    return Exists(team.exclude(part=TeamMember.Part.PANEL))


class Opening(Row):
    """A place to fill, its team's facts, and the verdict on whether it should exist."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open"
        FILLED = "filled", "Filled"
        CLOSED = "closed", "Closed"

    MOVES = {
        Status.DRAFT: {Status.OPEN, Status.CLOSED},
        Status.OPEN: {Status.FILLED, Status.CLOSED},
        Status.FILLED: {Status.OPEN, Status.CLOSED},
    }

    class Verdict(models.TextChoices):
        HIRE = "hire", "Hire"
        NEIGHBOUR = "neighbour", "Add the neighbouring role instead"
        NOT_YET = "not_yet", "Not yet"

    title = models.CharField(max_length=120)
    team_name = models.CharField(max_length=120)
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="openings")
    zone = models.CharField(max_length=64, default="UTC")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    status_at = models.DateTimeField()
    facts = models.JSONField(default=dict, help_text="Team facts by key, as the playbook asks for them.")
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True)
    reasons = models.JSONField(default=list, help_text="Why, each with the facts and the source it rests on.")
    against_verdict = models.TextField("reason for opening against the verdict", blank=True)
    auto_confirm = models.BooleanField(
        "book best plans at once", default=False, help_text="Confirm the best plan of a loop without asking."
    )
    opened_at = models.DateTimeField(null=True, blank=True)
    filled_at = models.DateTimeField(null=True, blank=True)

    objects = Openings.as_manager()

    class Meta:
        indexes = [models.Index(fields=["status", "created_at"], name="opening_status")]

    def __str__(self) -> str:
        return f"{self.title}, {self.team_name}"


class TeamMember(models.Model):
    """Somebody's part in one opening."""

    class Part(models.TextChoices):
        HIRING_MANAGER = "hiring_manager", "Hiring manager"
        RECRUITER = "recruiter", "Recruiter"
        COORDINATOR = "coordinator", "Coordinator"
        PANEL = "panel", "Panel"

    opening = models.ForeignKey(Opening, on_delete=models.CASCADE, related_name="team")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="team_parts")
    part = models.CharField(max_length=15, choices=Part.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["opening", "user", "part"], name="part_once"),
            models.UniqueConstraint(
                fields=["opening"], condition=Q(part="hiring_manager"), name="one_hiring_manager_per_opening"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_part_display().lower()})"


class PayBands(models.QuerySet["PayBand"]):
    def visible_to(self, user: User) -> "PayBands":
        """Pay figures are for those who may read pay, of the openings they hire for."""
        if not roles.allows(user, roles.May.READ_PAY):
            return self.none()
        return self.filter(hires(user, "opening"))


class PayBand(Row):
    """What the company means to pay, in minor units a year, and how it was calibrated."""

    opening = models.OneToOneField(Opening, on_delete=models.CASCADE, related_name="pay_band")
    currency = models.CharField(max_length=3)
    low = models.PositiveBigIntegerField(help_text="Minor units a year.")
    high = models.PositiveBigIntegerField(help_text="Minor units a year: the ceiling.")
    anchor = models.CharField(max_length=60, help_text="The role whose pay this band is anchored on.")
    tier = models.CharField(max_length=120, help_text="The company's tier the anchor is taken from.")
    cash_percent = models.PositiveSmallIntegerField(help_text="Share paid in cash.")
    negotiation_percent = models.PositiveSmallIntegerField(
        help_text="Share of the ceiling kept for negotiation."
    )
    notes = models.JSONField(default=list, help_text="What the playbook's pay rules said of this band.")

    objects = PayBands.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(low__gt=0, high__gte=F("low")), name="band_low_to_high"),
            models.CheckConstraint(
                condition=Q(cash_percent__lte=100, negotiation_percent__lt=100), name="band_shares"
            ),
        ]

    def __str__(self) -> str:
        return f"Pay band of {self.opening_id}"


class SlackHook(Row):
    """Where news of an opening are posted: an incoming webhook of Slack, or of a chat that speaks like it.

    Whoever knows the address can post there, so it is encrypted and never shown again; `host` tells which chat it is.
    """

    opening = models.OneToOneField(Opening, on_delete=models.CASCADE, related_name="slack_hook")
    address = EncryptedTextField()
    host = models.CharField(max_length=255)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "Slack webhook"

    def __str__(self) -> str:
        return self.host


class OpeningChannel(models.Model):
    """A channel this opening uses, with what may be spent on it."""

    opening = models.ForeignKey(Opening, on_delete=models.CASCADE, related_name="channels")
    channel = models.CharField(max_length=60, help_text="Key in the playbook.")
    budget = models.PositiveBigIntegerField(default=0, help_text="Minor units of the band's currency.")
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["opening", "channel"], name="channel_once")]

    def __str__(self) -> str:
        return self.channel


class TransitionPlans(models.QuerySet["TransitionPlan"]):
    def visible_to(self, user: User) -> "TransitionPlans":
        """Those of openings one hires for, and of course one's own: whom a panel member sits beside is not told."""
        return self.filter(hires(user, "opening") | Q(employee=user) | Q(paired_with=user))


class TransitionPlan(Row):
    """An employee growing into the role instead of a hire: always their own wish, always paired."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        ENDED = "ended", "Ended early"

    MOVES = {Status.PROPOSED: {Status.RUNNING, Status.ENDED}, Status.RUNNING: {Status.DONE, Status.ENDED}}

    opening = models.ForeignKey(Opening, on_delete=models.CASCADE, related_name="transitions")
    employee = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    paired_with = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    months = models.PositiveSmallIntegerField()
    pairing_months = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    agreed_at = models.DateTimeField(null=True, blank=True, help_text="When the employee said they want it.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROPOSED)
    status_at = models.DateTimeField()

    objects = TransitionPlans.as_manager()

    class Meta:
        verbose_name = "transition plan"

    def __str__(self) -> str:
        return f"Transition of {self.employee}"
