"""Who may open what: every address of the resolver is declared for every role in role_matrix.txt.

An address that is not declared there, or that answers a role differently from what is declared, fails the build. After a
deliberate change, write the table anew with `ROLE_MATRIX=write pytest tests/test_role_matrix.py` and read the
difference: each changed letter is somebody who may see more, or less, than before.

Letters: `+` opened, `>` led to the log-in, `-` refused (403), `.` not there for them (404), `k` a key or log-in is asked
for (401), `p` only takes POST (405).
"""

import os
import pathlib
import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import keys, users
from hiring.models import Edition
from interviews.models import Interviewer
from journal.models import Event, Run
from outbox.models import Delivery
from tests import stories
from tests.stories import NOW, later

TABLE = pathlib.Path(__file__).with_name("role_matrix.txt")
LETTERS = {200: "+", 302: "+", 204: "+", 400: "+", 403: "-", 404: ".", 401: "k", 405: "p", 503: "+"}
HOME = "(home)"
ROLES = (
    "anonymous", "admin", "recruiter", "coordinator", "manager", "other_manager", "panel", "other_interviewer",
    "auditor", "service",
)  # fmt: skip


def table() -> dict[str, str]:
    return dict(line.rsplit(None, 1) for line in TABLE.read_text().splitlines() if not line.startswith("#"))


def routes(patterns: list[object], prefix: str = "") -> Iterator[str]:
    """Every route of the resolver as one string, parameters and all."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern).lstrip("^").rstrip("$")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route.replace("\\Z", "").replace("\\.", ".") or HOME


@pytest.fixture
def scene(db):
    """One whole hire with an offer, and somebody of every role, on the team or not."""
    offer = stories.drafted_offer()
    application = offer.application
    loop = application.loops.get()
    opening = application.opening
    service = stories.person("service")
    _key, text = keys.issue(
        service, name="ATS", scopes=keys.SCOPES, expires_at=later(days=300), by=users.system(), at=NOW
    )
    people = {
        "admin": stories.person("admin"),
        "recruiter": stories.recruiter(),
        "coordinator": stories.person("coordinator"),
        "manager": stories.hiring_manager(opening),
        "other_manager": stories.hiring_manager(stories.opening()),
        "panel": next(s.user for s in stories.seats(loop) if s.role == "lead"),
        "other_interviewer": stories.person("interviewer"),
        "auditor": stories.person("auditor"),
    }
    seat = next(s for s in stories.seats(loop) if s.user == people["panel"])
    ids = {
        "opening": opening.pk,
        "candidate": application.candidate_id,
        "application": application.pk,
        "loop": loop.pk,
        "offer": offer.pk,
        "interview": seat.interview_id,
        "seat": seat.pk,
        "scorecard": seat.scorecard.pk,
        "card": seat.scorecard.pk,
        "debrief": loop.debrief.pk,
        "proposal": loop.proposals.first().pk,
        "edition": Edition.objects.first().pk,
        "playbook": Edition.objects.first().playbook_id,
        "interviewer": Interviewer.objects.get(user=people["panel"]).pk,
        "user": people["panel"].pk,
        "run": Run.objects.create(job="digest", period=1, started_at=NOW).pk,
        "people": people["panel"].pk,
        "delivery": Delivery.objects.first().pk,
        "event": Event.objects.first().pk,
        "apikey": _key.pk,
    }
    return people, ids, text


def concrete(route: str, ids: dict[str, object]) -> str:
    """The route with this story's ids in the place of its parameters."""
    if route == HOME:
        return "/"
    words = [word.removesuffix("s").replace("-", "") for word in route.split("/")]
    noun = next((word for word in reversed(words) if word in ids), "")

    def fill(match: re.Match[str]) -> str:
        name = (match["name"] or match["regex"] or "").removesuffix("_id").removesuffix("_pk")
        if name in ids:
            return str(ids[name])
        if name in {"pk", "object", "id"} and noun:
            return str(ids[noun])
        return {"number": "1", "pk": "1", "format": "json", "key": "x", "uidb36": "x"}.get(
            name, str(ids.get(noun, "x"))
        )

    return "/" + re.sub(r"<(?:\w+:)?(?P<name>\w+)>|\(\?P<(?P<regex>\w+)>(?:[^()]|\([^()]*\))*\)", fill, route)


def letter(response: object) -> str:
    if response.status_code == 302 and "/login" in response["Location"]:
        return ">"
    return LETTERS.get(response.status_code, str(response.status_code))


def test_every_address_is_declared_for_every_role(scene):
    people, ids, key = scene
    clients = {"anonymous": Client(), "service": Client(headers={"Authorization": f"Api-Key {key}"})}
    for role, user in people.items():
        clients[role] = Client()
        clients[role].force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    found = {}
    for route in routes(get_resolver().url_patterns):
        path = concrete(route, ids)
        # Logging out would end the other answers.
        if "logout" in route:
            found[route] = "+" * len(ROLES)
            continue
        found[route] = "".join(letter(clients[role].get(path)) for role in ROLES)
    width = max(map(len, found))
    lines = [f"{route:<{width}}  {letters}" for route, letters in sorted(found.items())]
    header = ["# " + " ".join(ROLES), "# Written by tests/test_role_matrix.py; see there."]
    text = "\n".join([*header, *lines]) + "\n"
    if os.environ.get("ROLE_MATRIX") == "write":
        TABLE.write_text(text)
    declared = table()
    assert sorted(set(found) - set(declared)) == [], "These addresses are not declared for any role."
    assert sorted(set(declared) - set(found)) == [], "These addresses are declared and do not exist."
    assert {r: v for r, v in found.items() if declared[r] != v} == {}, "These answer somebody differently."


def test_nothing_answers_anybody_with_an_error(scene):
    declared = table()
    assert {route: letters for route, letters in declared.items() if re.search(r"\d", letters)} == {}
    # The doors that are open to everybody, by intention.
    public = {route for route, letters in declared.items() if letters[0] == "+"}
    intended = r"accounts/|livez|readyz|favicon.ico|interviews/(answer|yours|hooks|feeds)|admin/logout"
    assert {route for route in public if not re.match(intended, route)} == set()
