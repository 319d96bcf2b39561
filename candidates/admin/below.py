"""What this room adds to the pages of openings."""

from typing import Any

from candidates.admin.applications import ApplicationRows
from candidates.models import (
    Application,
)
from hiring.admin import OpeningAdmin
from journal.desk import show, tally


@show.column("Under way")
def under_way(opening: Any) -> str:
    return (
        show.list_of(Application, f"under_way=yes&opening={opening.pk}", opening.under_way)
        if opening.under_way
        else "0"
    )


OpeningAdmin.extend(
    inlines=[ApplicationRows],
    columns=[under_way],
    annotates=[lambda user: {"under_way": tally(Application.objects.visible_to(user).running(), "opening")}],
)
