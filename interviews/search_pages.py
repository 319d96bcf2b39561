"""The search page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.pages import Request, for_members
from candidates.permissions import may_read_contacts
from interviews import search

LONGEST = 200


@require_GET
@for_members
def find(request: Request) -> HttpResponse:
    """Words in; people, openings, backgrounds and scorecards out, as far as one may see them."""
    typed = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    context = {
        "typed": typed,
        "found": search.find(typed, reader=request.user),
        "most": search.MOST,
        "finds_addresses": may_read_contacts(request.user),
    }
    return render(request, "interviews/packet/search.html", context)
