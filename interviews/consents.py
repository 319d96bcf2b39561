"""Connecting a Google or Microsoft 365 calendar: its owner is led there, agrees, and comes back with a code for us.

Note [Whose consent it is]
The code must come back to the browser that was sent out, or somebody could slip their own calendar under another's name.
So the state is signed, names the person and the service, and holds a nonce that only this browser's session knows; the
verifier (PKCE) stays in the session too, and each is good once and for ten minutes.
"""

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import User
from interviews import availability
from interviews.calendars.adapters import CalendarUnreadable, google, graph, oauth
from interviews.models import Calendar, Interviewer
from journal.errors import Refused

Kind = Calendar.Kind
_SALT = "interviews.consents"
GOOD_FOR = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Service:
    """One of the services: the beginning of its settings' names, what we ask to be let do, and how."""

    settings: str
    scope: str
    more: Mapping[str, str]


# Google gives lasting access only to who asks for it, and only once unless the owner is asked again.
SERVICES = {
    Kind.GOOGLE: Service("GOOGLE", google.SCOPE, {"access_type": "offline", "prompt": "consent"}),
    Kind.GRAPH: Service("MICROSOFT", graph.SCOPE, {"prompt": "select_account"}),
}


def is_set_up(kind: str) -> bool:
    """Whether this installation is known to the service."""
    return bool(_setting(kind, "CLIENT_ID") and _setting(kind, "CLIENT_SECRET"))


def begin(person: Interviewer, *, kind: str, by: User) -> tuple[str, dict[str, str]]:
    """Where to send the owner, and what this browser's session must keep until they are back.

    Refuses for anybody but the owner, and when this installation is not known to the service.
    """
    if person.user_id != by.pk:
        raise Refused("Everybody connects their own account.", code="not_theirs")
    if not is_set_up(kind):
        raise Refused(
            f"{Kind(kind).label} is not set up here. Ask your administrator, or connect the calendar by its ICS address.",
            code="not_set_up",
        )
    kept = {"nonce": secrets.token_urlsafe(16), "verifier": secrets.token_urlsafe(48)}
    state = signing.dumps([kind, str(by.pk), kept["nonce"]], salt=_SALT)
    service = SERVICES[Kind(kind)]
    address = oauth.consent(
        _setting(kind, "CONSENT"), client_id=_setting(kind, "CLIENT_ID"), scope=service.scope, back=_back(kind),
        state=state, verifier=kept["verifier"], **service.more,
    )  # fmt: skip
    return address, kept


def finish(
    person: Interviewer,
    *,
    kind: str,
    came: Mapping[str, str],
    kept: Mapping[str, str],
    by: User,
    at: dt.datetime,
) -> Calendar:
    """Connect the calendar its owner has agreed to, and read it for the first time. See Note [Whose consent it is].

    `came` is what the service sent back with them, `kept` what `begin` gave. Refuses when they said no, when the answer
    does not belong to what this browser began, and access that does not last. Asks the network.
    """
    try:
        said = signing.loads(came.get("state", ""), salt=_SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        said = None
    if not kept.get("nonce") or said != [kind, str(by.pk), kept["nonce"]]:
        raise Refused("This answer does not belong to what you began here. Begin again.", code="wrong_state")
    name = Kind(kind).label
    if came.get("error") == "access_denied":
        raise Refused(f"{name} was not connected, because you did not agree.", code="denied")
    if came.get("error") or not came.get("code"):
        raise Refused(
            f"{name} could not give access. Try again, or ask your administrator.", code="no_consent"
        )
    try:
        tokens = oauth.granted(
            _setting(kind, "TOKENS"), client_id=_setting(kind, "CLIENT_ID"),
            client_secret=_setting(kind, "CLIENT_SECRET"), code=came["code"], verifier=kept["verifier"],
            back=_back(kind), allow=settings.CALENDAR_HOSTS,
        )  # fmt: skip
    except CalendarUnreadable as no:
        raise Refused(no.sentence, code="no_consent") from no
    if not tokens.refresh_token:
        raise Refused(
            f"{name} gave access for an hour only. Remove Loopwright from your account's connected apps, and try again.",
            code="no_lasting_access",
        )
    # Google has a name for one's main calendar; Microsoft is asked by mailbox.
    address = "primary" if kind == Kind.GOOGLE else by.email
    calendar = availability.connect(
        person, kind=kind, label=name, address=address, secret=tokens.refresh_token, by=by, at=at
    )
    return availability.read_now(calendar, by=by, at=at)


def _setting(kind: str, name: str) -> str:
    return str(getattr(settings, f"{SERVICES[Kind(kind)].settings}_{name}"))


def _back(kind: str) -> str:
    return f"{settings.BASE_URL}{reverse('interviews:consented', args=[kind])}"
