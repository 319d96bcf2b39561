"""What this room adds to the pages of applications and openings."""

from typing import Any

from accounts import roles
from candidates.admin import ApplicationAdmin
from candidates.models import Application
from hiring.admin import OpeningAdmin
from interviews import loops
from interviews.admin.flags import FlagRows
from interviews.admin.loops import BEGUN, LoopRows
from interviews.admin.planning import BeginLoop
from interviews.models import (
    Debrief,
    Flag,
    Interview,
    Loop,
    Scorecard,
    Seat,
)
from journal.desk import Act

May = roles.May


def of_application(application: Application, user: Any) -> list[Any]:
    """What a loop adds to an application's timeline."""
    loops_of = Loop.objects.visible_to(user).filter(application=application)
    return [
        loops_of,
        Interview.objects.filter(loop__application=application),
        Seat.objects.filter(interview__loop__application=application),
        Scorecard.objects.filter(seat__interview__loop__application=application),
        Flag.objects.visible_to(user).filter(application=application),
        Debrief.objects.visible_to(user).filter(loop__application=application),
    ]


ApplicationAdmin.extend(
    acts=[
        Act(
            name="begin_loop",
            label="Begin the interview loop",
            rule=loops.begin,
            form=BeginLoop,
            when=lambda application: application.status == Application.Status.SCREENING,
            may=May.SCHEDULE_LOOPS,
            many=False,
            done=BEGUN,
        )
    ],
    inlines=[LoopRows, FlagRows],
    tells=[of_application],
)
OpeningAdmin.extend(
    inlines=[FlagRows], tells=[lambda opening, user: [Flag.objects.visible_to(user).filter(opening=opening)]]
)
