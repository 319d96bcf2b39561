"""Google Calendar, as its documentation says it answers and fails."""

import datetime as dt
import json
from zoneinfo import ZoneInfo

import pytest

from interviews.calendars.adapters import CalendarReader, CalendarUnreadable
from interviews.calendars.adapters.google import GoogleCalendar
from interviews.calendars.adapters.oauth import Tokens, renewed
from tests.fakes.google import FakeGoogle, refused
from tests.fakes.loopback import Reply
from tests.interviews.calendars.ics import at, spans

WINDOW = {"starts_at": at("2026-03-01"), "ends_at": at("2026-04-01"), "zone": ZoneInfo("Europe/Berlin")}
MEETING = (at("2026-03-02T09:00"), at("2026-03-02T10:00"))


@pytest.fixture
def google():
    with FakeGoogle(
        {"primary": [MEETING], "team@example.test": [(at("2026-03-02T10:00"), at("2026-03-02T11:30"))]}
    ) as fake:
        yield fake


@pytest.fixture
def read(google):
    """Reads; the arguments are those of the adapter."""

    def read(*calendars, token="good-token", refresh=lambda: "never", seconds=10.0, **window):
        reader: CalendarReader = GoogleCalendar(
            calendars or ("primary",),
            access_token=token,
            refresh=refresh,
            api=google.api,
            allow=(google.host,),
            seconds=seconds,
        )
        return reader.read(**(WINDOW | window))

    return read


def failure(read, *arguments, **options):
    with pytest.raises(CalendarUnreadable) as found:
        read(*arguments, **options)
    return found.value


def test_the_busy_times_of_several_calendars_are_one(read, google):
    found = read("primary", "team@example.test")

    assert spans(found) == ["03-02 09:00-11:30"]
    assert found.is_whole
    assert google.queries == [
        {
            "timeMin": "2026-03-01T00:00:00+00:00",
            "timeMax": "2026-04-01T00:00:00+00:00",
            "timeZone": "Europe/Berlin",
            "calendarExpansionMax": 50,
            "items": [{"id": "primary"}, {"id": "team@example.test"}],
        }
    ]


def test_a_calendar_without_events_is_free(read, google):
    google.calendars["primary"] = []
    assert read().intervals == ()


def test_a_long_window_is_asked_for_in_pieces(read, google):
    google.calendars["primary"] = [MEETING, (at("2026-08-01T09:00"), at("2026-08-01T10:00"))]

    found = read(ends_at=at("2026-09-01"))

    assert spans(found) == ["03-02 09:00-10:00", "08-01 09:00-10:00"]
    assert [(query["timeMin"][:10], query["timeMax"][:10]) for query in google.queries] == [
        ("2026-03-01", "2026-04-30"),
        ("2026-04-30", "2026-06-29"),
        ("2026-06-29", "2026-08-28"),
        ("2026-08-28", "2026-09-01"),
    ]


def test_many_calendars_are_asked_for_in_pieces(read, google):
    names = [f"{number}@example.test" for number in range(51)]
    google.calendars |= {name: [] for name in names[:50]} | {names[50]: [MEETING]}

    assert spans(read(*names)) == ["03-02 09:00-10:00"]
    assert [len(query["items"]) for query in google.queries] == [50, 1]


def test_a_token_that_has_run_out_is_renewed_once(read, google):
    def refresh():
        tokens = renewed(
            google.token_url,
            client_id="us",
            client_secret="client-secret",
            refresh_token="refresh-me",
            allow=(google.host,),
        )
        return tokens.access_token

    assert spans(read(token="stale", refresh=refresh)) == ["03-02 09:00-10:00"]
    assert [asked.path for asked in google.asked] == [
        "/calendar/v3/freeBusy",
        "/token",
        "/calendar/v3/freeBusy",
    ]


def test_a_renewed_token_that_is_refused_too_means_to_connect_again(read, google):
    error = failure(read, token="stale", refresh=lambda: "stale as well")
    assert error.sentence == "Google no longer accepts our sign-in. Connect the calendar again."
    assert (error.may_pass, len(google.asked)) == (False, 2)


def test_consent_that_was_withdrawn(google):
    options = {"client_id": "us", "client_secret": "client-secret", "allow": (google.host,)}
    with pytest.raises(CalendarUnreadable, match="withdrawn or has run out"):
        renewed(google.token_url, refresh_token="revoked", **options)
    with pytest.raises(CalendarUnreadable, match="does not know this installation"):
        renewed(google.token_url, refresh_token="refresh-me", **(options | {"client_secret": "wrong"}))


def test_tokens_do_not_show_in_logs():
    assert repr(Tokens("secret", 3600, "also secret")) == "Tokens(lasts_seconds=3600)"


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (refused(403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"), None),
        (
            refused(403, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded", Retry_After="7"),
            7,
        ),
        (refused(429, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded", Retry_After="30"), 30),
    ],
)
def test_too_many_requests_may_be_tried_again_later(read, google, answer, wait):
    google.faults.append(answer)
    error = failure(read)
    assert (error.sentence, error.may_pass, error.retry_after_seconds) == (
        "Google asks us to wait before the next try.",
        True,
        wait,
    )


def test_a_refusal_for_good(read, google):
    google.faults.append(refused(403, "global", "insufficientPermissions", "Insufficient Permission"))
    error = failure(read)
    assert error.sentence == "Google does not let us read this calendar. Check its sharing."
    assert not error.may_pass


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_fault_of_googles_own_may_pass(read, google, status):
    google.faults.append(refused(status, "global", "backendError", "Backend Error"))
    assert failure(read).may_pass


def test_a_calendar_with_an_error_is_unknown_and_never_free(read):
    error = failure(read, "primary", "gone@example.test")
    assert error.sentence == "Google no longer shows one of your calendars. Choose your calendars again."


@pytest.mark.parametrize(
    "answered",
    [
        {"calendars": {}},
        {"calendars": {"primary": {"errors": [{"domain": "global", "reason": "internalError"}], "busy": []}}},
        {"calendars": {"primary": {}}},
        {"calendars": {"primary": {"busy": [{"start": "2026-03-02T09:00:00Z"}]}}},
        {"calendars": {"primary": {"busy": [{"start": "soon", "end": "later"}]}}},
        {
            "calendars": {
                "primary": {"busy": [{"start": "2026-03-02T09:00:00", "end": "2026-03-02T10:00:00"}]}
            }
        },
        {"calendars": []},
        {},
        [],
    ],
)
def test_an_answer_that_leaves_the_calendar_out_is_no_free_time(read, google, answered):
    google.faults.append(Reply(body=json.dumps(answered).encode()))
    assert failure(read).may_pass


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b'{"calendars": {"primary": {"busy": ['),
        Reply(body=b'{"calendars": {"primary": {"busy": []}}', promises=500),
        Reply(body=b"<html>Sign in</html>", kind="text/html"),
        Reply(body=b"[" * 100_000),
        Reply(waits=3.0),
        Reply(body=b"{" * 200, drips=0.05),
    ],
    ids=["cut JSON", "cut answer", "web page", "nested", "slow to begin", "slow to end"],
)
def test_a_broken_answer_is_no_free_time(read, google, reply):
    google.faults.append(reply)
    assert failure(read, seconds=1.0).may_pass


def test_a_service_that_is_not_there():
    reader = GoogleCalendar(
        access_token="good-token",
        refresh=lambda: "never",
        api="http://127.0.0.1:9/v3",
        allow=("127.0.0.1:9",),
    )
    with pytest.raises(CalendarUnreadable, match="127.0.0.1 cannot be reached"):
        reader.read(**WINDOW)


def test_a_window_without_a_zone_is_a_mistake_of_the_caller(read):
    with pytest.raises(ValueError, match="without a time zone"):
        read(starts_at=dt.datetime(2026, 3, 1))
