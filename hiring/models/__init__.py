from hiring.models.openings import Opening, OpeningChannel, PayBand, TeamMember, TransitionPlan, hires
from hiring.models.playbooks import Edition, Playbook

__all__ = [
    "Edition",
    "Opening",
    "OpeningChannel",
    "PayBand",
    "Playbook",
    "TeamMember",
    "TransitionPlan",
    "hires",
]
