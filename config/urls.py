"""Every address of the service. tests/test_role_matrix.py declares who may open each."""

from allauth.account import urls as allauth
from django.contrib import admin
from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from accounts import account_pages, sso_pages
from accounts import views as accounts
from config import api, health
from interviews import views as interviews

# Administrators make the accounts: of allauth's pages only those for logging in and for one's own password.
LOG_IN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}


def icon(request: HttpRequest) -> HttpResponseRedirect:
    """Browsers ask here on pages that name no icon of their own: Django's own admin theme, a file, a refusal."""
    return HttpResponseRedirect(static("icon.svg"))


# Django answers these itself; below /api/ they are problem objects like every other refusal there.
handler400, handler403, handler404, handler500 = api.bad_request, api.forbidden, api.not_found, api.broken
# Passkeys are listed with the other factors, so allauth's list of them leads there.
SECOND_FACTOR = [path("webauthn/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn")]

urlpatterns = [
    path("", interviews.home, name="home"),
    path("favicon.ico", icon, name="icon"),
    path("accounts/", include([page for page in allauth.urlpatterns if page.name in LOG_IN])),
    # allauth names this address in its mails; nobody signs up by themselves.
    path("accounts/signup/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
    path("accounts/notifications/", accounts.notifications, name="notifications"),
    path("accounts/2fa/", include([*SECOND_FACTOR, path("", include("allauth.mfa.urls"))])),
    path("accounts/sso/", sso_pages.leave, name="single_sign_on"),
    path("accounts/sso/back/", sso_pages.come_back, name="single_sign_on_back"),
    path("account/", account_pages.account, name="account"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("interviews/", include("interviews.urls")),
    path("openings/", include("analytics.urls")),
    path("api/v1/", include(api.urlpatterns)),
    path("api/", include(api.schema_urlpatterns)),
    path("admin/", admin.site.urls),
]
