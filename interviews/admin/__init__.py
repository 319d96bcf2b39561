"""How we find out, in the admin: interviewers, loops and their interviews, scorecards, flags, debriefs."""

from interviews.admin import below, debriefs, flags, interviewers, loops, scorecards, seats

__all__ = ["below", "debriefs", "flags", "interviewers", "loops", "scorecards", "seats"]
