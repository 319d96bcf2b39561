"""The REST API as a whole: its addresses, how it says no, and its description (OpenAPI).

What a noun can do is in its room (hiring/api.py, candidates/api.py, interviews/api/), what every noun is made
of in accounts/api/.
"""

import http
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views import defaults
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework import exceptions
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from accounts import roles
from accounts.api import Noun, Output
from accounts.api.people import Me, People
from accounts.models import User
from candidates import api as candidates
from hiring import api as hiring
from interviews import api as interviews
from journal.errors import NotAllowed, Refused
from journal.models import Event

# --- the journal (it lies below the people who read it, so its door is here) --------------------------


class EventSerializer(Output):
    class Meta:
        model = Event
        fields = ("id", "at", "actor", "verb", "subject_type", "subject_id", "cause", "data")

    @classmethod
    def rows(cls, reader: User) -> QuerySet[Event]:
        """For those who read the journal, what the desk's timelines show them too."""
        roles.require(reader, roles.May.READ_JOURNAL)
        return Event.objects.visible_to(reader)


class Events(Noun):
    """What happened, oldest first: follow it by going on from the last page."""

    noun = "events"
    serializer_class = EventSerializer
    filterset_fields = ["subject_type", "subject_id", "verb"]
    order = ("id",)


# --- addresses ----------------------------------------------------------------------------------------


class Nowhere(APIView):
    """Whatever has no address here is a 404 in the API's own words."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404


NOUNS: Mapping[str, type[Noun]] = {
    "playbooks": hiring.Playbooks,
    "editions": hiring.Editions,
    "openings": hiring.Openings,
    "transition-plans": hiring.TransitionPlans,
    "candidates": candidates.Candidates,
    "applications": candidates.Applications,
    "offers": candidates.Offers,
    "outcomes": candidates.Outcomes,
    "interviewers": interviews.Interviewers,
    "loops": interviews.Loops,
    "proposals": interviews.Proposals,
    "interviews": interviews.Interviews,
    "seats": interviews.Seats,
    "scorecards": interviews.Scorecards,
    "flags": interviews.Flags,
    "debriefs": interviews.Debriefs,
    "calendars": interviews.Calendars,
    "feeds": interviews.Feeds,
    "people": People,
    "events": Events,
}
_router = SimpleRouter(trailing_slash=False)
for _name, _noun in NOUNS.items():
    _router.register(_name, _noun, basename=_name)

urlpatterns: list[URLPattern | URLResolver] = [
    path("me", Me.as_view(), name="me"),
    path("", include(_router.urls)),
    path("<path:rest>", Nowhere.as_view()),
]


class Schema(SpectacularJSONAPIView):
    permission_classes = [IsAuthenticated]


_docs = login_required(SpectacularSwaggerSplitView.as_view(url_name="api-schema"))
schema_urlpatterns: list[URLPattern] = [
    path("schema/", Schema.as_view(), name="api-schema"),
    # Swagger's page styles itself inline; scripts still come from this host only.
    path("docs/", csp_update({"style-src": ["'self'", "'unsafe-inline'"]})(_docs), name="api-docs"),
]


# --- how the API says no (RFC 9457) -------------------------------------------------------------------

# What a rule's refusal is as a status: the request's content is at fault, or the caller, or nothing is there.
# Everything else is 409: the same request may succeed once the state it meets has changed.
STATUS_OF_CODE = {
    **dict.fromkeys(
        (
            "above_ceiling",
            "against_verdict",
            "bad_amount",
            "bad_background",
            "bad_contact",
            "bad_content",
            "bad_expiry",
            "bad_hook",
            "bad_hours",
            "bad_interval",
            "bad_limit",
            "bad_time",
            "bad_urgency",
            "broken_playbook",
            "far_window",
            "impossible_cash_share",
            "impossible_fact",
            "impossible_negotiation_share",
            "incomplete",
            "inverted_window",
            "key_reused",
            "naive_time",
            "not_writable",
            "negative_budget",
            "no_address",
            "no_pairing",
            "no_reason",
            "not_positive",
            "other_currency",
            "past_window",
            "too_many_windows",
            "unknown_anchor",
            "unknown_answer",
            "unknown_block",
            "unknown_channel",
            "unknown_country",
            "unknown_kind",
            "unknown_checkpoint",
            "unknown_fact",
            "unknown_level",
            "unknown_notice",
            "unknown_outcome",
            "unknown_part",
            "unknown_rating",
            "unknown_reason",
            "unknown_vote",
            "unlikely_length",
            "unreadable",
            "upside_down",
            "uses_negotiation_share",
        ),
        422,
    ),
    **dict.fromkeys(("not_allowed", "not_theirs", "same_person"), 403),
    "not_found": 404,
}


_LOG_IN = "Log in, or send an API key in the header “Authorization: Api-Key lw_…”."


def problem(status: int, code: str, detail: str, errors: Iterable[dict[str, str]] = ()) -> dict[str, Any]:
    """A refusal as RFC 9457 writes it."""
    return {
        "type": f"/problems/{code}",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": list(errors),
    }


NOT_FOUND = "There is no such thing, or you may not see it."


def outside(
    status: int, code: str, detail: str, page: Callable[..., HttpResponse]
) -> Callable[..., HttpResponse]:
    """Django's handler of an error that no noun answered: a problem object below /api/, the usual page elsewhere."""

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            return page(request, *args, **kwargs)
        said = problem(status, code, detail)
        return JsonResponse(
            said,
            status=status,
            content_type="application/problem+json",
            headers={"Cache-Control": "no-store"},
        )

    return answer


bad_request = outside(400, "invalid", "The request cannot be read.", defaults.bad_request)
forbidden = outside(403, "not_allowed", "You may not do that.", defaults.permission_denied)
not_found = outside(404, "not_found", NOT_FOUND, defaults.page_not_found)
broken = outside(
    500,
    "broken",
    "Something is broken on our side. Nothing was changed; the administrator can read what it was in the log.",
    defaults.server_error,
)


def problem_details(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Every refusal as `application/problem+json`; anything else is a fault of ours and goes on as such."""
    headers: dict[str, str] = {}
    errors: list[dict[str, str]] = []
    match error:
        case Refused():
            status = 403 if isinstance(error, NotAllowed) else STATUS_OF_CODE.get(error.code, 409)
            code, detail = error.code, error.message
            errors = [
                {
                    "field": item.get("field", ""),
                    "problem": " ".join(v for k, v in item.items() if k != "field"),
                }
                for item in error.details
            ]
        case exceptions.ValidationError():
            status, code, detail = 400, "invalid", "The request cannot be read as it is. Mend what is listed."
            errors = [{"field": field, "problem": text} for field, text in _flat(error.detail)]
        case Http404() | exceptions.NotFound():
            status, code, detail = 404, "not_found", NOT_FOUND
        case PermissionDenied():
            status, code, detail = 403, "not_allowed", "You may not do that."
        case exceptions.APIException():
            status, code = error.status_code, str(error.default_code)
            detail = _LOG_IN if isinstance(error, exceptions.NotAuthenticated) else str(error.detail)
            if challenge := getattr(error, "auth_header", None):
                headers["WWW-Authenticate"] = challenge
            if wait := getattr(error, "wait", None):
                headers["Retry-After"] = str(math.ceil(wait))
        case _:
            return None
    return Response(
        _encodable(problem(status, code, detail, errors)),
        status=status,
        headers=headers,
        content_type="application/problem+json",
    )


def _flat(detail: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Nested complaints as (windows.0.starts_at, sentence) pairs."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            below = "" if key == "non_field_errors" else str(key)
            yield from _flat(inner, ".".join(part for part in (field, below) if part))
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _flat(inner, f"{field}.{position}" if nested else field)
    else:
        yield field, str(detail)


def _encodable(said: Any) -> Any:
    """A refusal quotes what it was sent, and JSON can send half a character."""
    if isinstance(said, str):
        return said.encode(errors="replace").decode()
    if isinstance(said, list):
        return [_encodable(item) for item in said]
    if isinstance(said, dict):
        return {key: _encodable(item) for key, item in said.items()}
    return said


# --- description --------------------------------------------------------------------------------------


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Api-Key lw_…`: a service's key. Its scopes limit which nouns it reaches.",
        }


_TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "description": "Why the request was refused (RFC 9457): `code` for programs, `detail` for people.",
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": {**_TEXT, "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "problem"],
                "properties": {"field": _TEXT, "problem": _TEXT},
            },
        },
    },
}
_ALWAYS = {
    "401": "Nobody is logged in, or the key is not valid.",
    "403": "The caller may not do this, or the key lacks the scope.",
    "429": "Too many requests: see Retry-After.",
}
_NOT_THERE = {"404": "There is no such thing, or the caller may not see it."}
_UNREADABLE = {"400": "The request cannot be read: each field at fault is listed."}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names this request: sent again within a day, it is answered as the first time and done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_WRITES = {
    **_UNREADABLE,
    "409": "The state of things does not allow it now.",
    "413": "The request is larger than 2 MB.",
    "415": "The request is not JSON.",
    "422": "The content of the request is at fault: what is listed must change.",
}


def document_problems(result: dict[str, Any], **_rest: Any) -> dict[str, Any]:
    """Postprocessing hook of drf-spectacular: every refusal an operation can answer with."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    shown = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    result["components"]["responses"] = {
        f"Problem{status}": {"description": words, "content": shown}
        for status, words in (_ALWAYS | _NOT_THERE | _WRITES).items()
    }
    for address, operations in result["paths"].items():
        for method, operation in operations.items():
            refusals = dict(_ALWAYS)
            if "{" in address:
                refusals |= _NOT_THERE
            if method == "post":
                refusals |= _WRITES
                operation.setdefault("parameters", []).append(dict(_KEY))
            elif any(parameter["in"] == "query" for parameter in operation.get("parameters", [])):
                refusals |= _UNREADABLE
            for status in refusals:
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result
