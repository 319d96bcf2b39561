from hiring.models.openings import (
    Opening,
    OpeningChannel,
    PayBand,
    SlackHook,
    TeamMember,
    TransitionPlan,
    hires,
)
from hiring.models.playbooks import Edition, Playbook

__all__ = [
    "Edition",
    "Opening",
    "OpeningChannel",
    "PayBand",
    "Playbook",
    "SlackHook",
    "TeamMember",
    "TransitionPlan",
    "hires",
]
