"""The REST door to interviewers, loops, scorecards and debriefs."""

from interviews.api.calendars import Calendars, Feeds
from interviews.api.debriefs import Debriefs, Flags
from interviews.api.interviewers import Interviewers
from interviews.api.loops import Interviews, Loops, Proposals, Seats
from interviews.api.scorecards import Scorecards

__all__ = [
    "Calendars",
    "Debriefs",
    "Feeds",
    "Flags",
    "Interviewers",
    "Interviews",
    "Loops",
    "Proposals",
    "Scorecards",
    "Seats",
]
