"""Who comes, and where they stand, in the admin: candidates, applications, offers, outcomes."""

from candidates.admin import below, candidates, offers
from candidates.admin.applications import ApplicationAdmin, OpeningFilter

__all__ = ["ApplicationAdmin", "OpeningFilter", "below", "candidates", "offers"]
