from candidates.models.applications import Application, BackgroundEntry, PayExpectation, Reader, ToolSkill
from candidates.models.candidates import Candidate
from candidates.models.offers import Offer, Outcome

__all__ = [
    "Application",
    "BackgroundEntry",
    "Candidate",
    "Offer",
    "Outcome",
    "PayExpectation",
    "Reader",
    "ToolSkill",
]
