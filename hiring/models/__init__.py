from hiring.models.openings import Opening, OpeningChannel, PayBand, TeamMember, TransitionPlan
from hiring.models.playbooks import Edition, Playbook

__all__ = [
    "Edition",
    "Opening",
    "OpeningChannel",
    "PayBand",
    "Playbook",
    "TeamMember",
    "TransitionPlan",
]
