"""Pages about one's own account, besides those of the log-in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import notices
from accounts.forms import NotificationsForm
from accounts.models import User
from journal.errors import Refused


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def notifications(request: HttpRequest) -> HttpResponse:
    """How one hears of what is one's own to do, and when not."""
    user = request.user
    assert isinstance(user, User)
    form = NotificationsForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            notices.choose(user, **form.answers(), by=user, at=timezone.now())
        except Refused as no:
            form.refuse(no)
        else:
            messages.success(request, _("Your choice is kept."))
            return redirect("notifications")
    status = 422 if form.errors else 200
    return render(request, "account/notifications.html", {"form": form, "zone": user.zone}, status=status)
