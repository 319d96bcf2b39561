from interviews.models.calendars import Calendar, CalendarEntry, FeedToken
from interviews.models.debriefs import Debrief, Decision, Flag, Vote
from interviews.models.interviewers import BusyTime, Interviewer, Qualification, WorkingHours
from interviews.models.invitations import Invitation
from interviews.models.links import CandidateLink, Hold
from interviews.models.loops import CandidateWindow, Interview, LimitOverride, Loop, Proposal, Seat
from interviews.models.plannings import Planning, PlanningLine
from interviews.models.scorecards import (
    CardRead,
    IncidentStory,
    Rating,
    Scorecard,
    SegmentRun,
    SegmentTime,
    Version,
)

__all__ = [
    "BusyTime",
    "Calendar",
    "CalendarEntry",
    "CandidateLink",
    "CandidateWindow",
    "CardRead",
    "Debrief",
    "Decision",
    "FeedToken",
    "Flag",
    "Hold",
    "IncidentStory",
    "Interview",
    "Interviewer",
    "Invitation",
    "LimitOverride",
    "Loop",
    "Planning",
    "PlanningLine",
    "Proposal",
    "Qualification",
    "Rating",
    "Scorecard",
    "Seat",
    "SegmentRun",
    "SegmentTime",
    "Version",
    "Vote",
    "WorkingHours",
]
