"""What has been put into people's calendars."""

from django.db import models

from interviews.models.loops import Interview
from journal.models import Row


class Invitation(Row):
    """The calendar event of one interview as one audience knows it. See Note [Versions of a meeting] (calendars/itip.py).

    The candidate's event and the panel's are two events with two random UIDs for life, so that nothing written for the
    one can ever be merged into the other.
    """

    class Audience(models.TextChoices):
        PANEL = "panel", "Panel"
        CANDIDATE = "candidate", "Candidate"

    interview = models.ForeignKey(Interview, on_delete=models.CASCADE, related_name="invitations")
    audience = models.CharField(max_length=10, choices=Audience.choices)
    uid = models.CharField(max_length=64, unique=True)
    sequence = models.PositiveIntegerField(default=0)
    stamped_at = models.DateTimeField()
    sent = models.JSONField(
        help_text="The newest version as it was told, so that the next one can be compared."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["interview", "audience"], name="audience_once")]

    def __str__(self) -> str:
        return f"{self.get_audience_display()} of {self.interview}"
