"""Microsoft 365, as Graph's documentation says it answers and fails."""

import json
from zoneinfo import ZoneInfo

import pytest

from interviews.calendars.adapters import CalendarReader, CalendarUnreadable
from interviews.calendars.adapters.graph import GraphCalendar
from interviews.calendars.adapters.oauth import renewed
from tests.fakes.graph import FakeGraph, refused
from tests.fakes.loopback import Reply
from tests.interviews.calendars.ics import at, spans

WINDOW = {"starts_at": at("2026-03-01"), "ends_at": at("2026-04-01"), "zone": ZoneInfo("Europe/Berlin")}
ADA, GRACE = "ada@example.test", "grace@example.test"


def on(day, first, last, status="busy"):
    return at(f"2026-03-{day:02}T{first}"), at(f"2026-03-{day:02}T{last}"), status


@pytest.fixture
def graph():
    with FakeGraph({ADA: [on(2, "09:00", "10:00")], GRACE: [on(2, "09:50", "11:20")]}) as fake:
        yield fake


@pytest.fixture
def read(graph):
    def read(*mailboxes, token="good-token", refresh=lambda: "never", seconds=10.0, asks_as="", **window):
        reader: CalendarReader = GraphCalendar(
            mailboxes or (ADA,),
            access_token=token,
            refresh=refresh,
            asks_as=asks_as,
            api=graph.api,
            allow=(graph.host,),
            seconds=seconds,
        )
        return reader.read(**(WINDOW | window))

    return read


def failure(read, *arguments, **options):
    with pytest.raises(CalendarUnreadable) as found:
        read(*arguments, **options)
    return found.value


def test_the_busy_times_of_several_mailboxes_are_one(read, graph):
    found = read(ADA, GRACE)

    assert spans(found) == ["03-02 09:00-11:20"]
    assert found.is_whole
    assert graph.asked[0].path == "/v1.0/me/calendar/getSchedule"
    assert graph.queries == [
        {
            "schedules": [ADA, GRACE],
            "startTime": {"dateTime": "2026-03-01T00:00:00", "timeZone": "UTC"},
            "endTime": {"dateTime": "2026-04-01T00:00:00", "timeZone": "UTC"},
            "availabilityViewInterval": 15,
        }
    ]


def test_what_counts_as_busy(read, graph):
    states = ["free", "tentative", "busy", "oof", "workingElsewhere", "unknown"]
    graph.mailboxes[ADA] = [on(2 + day, "09:00", "10:00", state) for day, state in enumerate(states)]

    assert spans(read()) == [f"03-{day:02} 09:00-10:00" for day in (3, 4, 5, 7)]


def test_where_the_items_are_missing_the_view_counts(read, graph):
    graph.without_items.add(GRACE)
    assert spans(read(GRACE)) == ["03-02 09:45-11:30"]


def test_the_view_adds_nothing_to_what_the_items_explain(read, graph):
    graph.mailboxes[ADA] = [on(2, "09:05", "09:10")]
    assert spans(read()) == ["03-02 09:05-09:10"]


def test_a_mailbox_without_events_is_free(read, graph):
    graph.mailboxes[ADA] = []
    assert read().intervals == ()


def test_an_application_asks_through_a_mailbox(read, graph):
    read(asks_as="rooms@example.test")
    assert graph.asked[0].path == "/v1.0/users/rooms@example.test/calendar/getSchedule"


def test_a_long_window_is_asked_for_in_pieces(read, graph):
    graph.mailboxes[ADA] = [on(2, "09:00", "10:00"), (at("2026-06-01T09:00"), at("2026-06-01T10:00"), "busy")]

    assert spans(read(ends_at=at("2026-07-01"))) == ["03-02 09:00-10:00", "06-01 09:00-10:00"]
    assert [query["startTime"]["dateTime"][:10] for query in graph.queries] == [
        "2026-03-01",
        "2026-04-30",
        "2026-06-29",
    ]


def test_many_mailboxes_are_asked_for_in_pieces(read, graph):
    names = [f"{number}@example.test" for number in range(21)]
    graph.mailboxes |= {name: [on(2, "09:00", "10:00")] for name in names}

    assert spans(read(*names)) == ["03-02 09:00-10:00"]
    assert [len(query["schedules"]) for query in graph.queries] == [20, 1]


def test_a_short_window_is_widened_to_a_slot_and_cut_again(read):
    found = read(starts_at=at("2026-03-02T09:30"), ends_at=at("2026-03-02T09:32"))
    assert spans(found) == ["03-02 09:30-09:32"]


def test_a_token_that_has_run_out_is_renewed_once(read, graph):
    kept = []

    def refresh():
        tokens = renewed(
            graph.token_url,
            client_id="us",
            client_secret="-",
            refresh_token="refresh-me",
            allow=(graph.host,),
        )
        kept.append((tokens.lasts_seconds, tokens.refresh_token))
        return tokens.access_token

    assert spans(read(token="stale", refresh=refresh)) == ["03-02 09:00-10:00"]
    assert kept == [(3599, "the-next-refresh")]
    assert len(graph.asked) == 3


def test_a_renewed_token_that_is_refused_too_means_to_connect_again(read, graph):
    error = failure(read, token="stale", refresh=lambda: "stale as well")
    assert error.sentence == "Microsoft 365 no longer accepts our sign-in. Connect the calendar again."
    assert (error.may_pass, len(graph.asked)) == (False, 2)


def test_too_many_requests_may_be_tried_again_later(read, graph):
    graph.faults.append(refused(429, "TooManyRequests", "Please retry again later.", Retry_After="10"))
    error = failure(read)
    assert (error.may_pass, error.retry_after_seconds) == (True, 10)


def test_a_refusal_for_good(read, graph):
    graph.faults.append(
        refused(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    )
    error = failure(read)
    assert (error.sentence, error.may_pass) == (
        "Microsoft 365 does not let us read this calendar. Check its sharing.",
        False,
    )


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_fault_of_microsofts_own_may_pass(read, graph, status):
    graph.faults.append(refused(status, "UnknownError", ""))
    assert failure(read).may_pass


def test_a_mailbox_with_an_error_is_unknown_and_never_free(read):
    error = failure(read, ADA, "nobody@example.test")
    assert error.sentence.startswith("Microsoft 365 cannot say when one of the mailboxes is busy.")


ITEM = {
    "status": "busy",
    "start": {"dateTime": "2026-03-02T09:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-02T10:00:00.0000000", "timeZone": "UTC"},
}


@pytest.mark.parametrize(
    "answered",
    [
        {"value": []},
        {"value": [{"scheduleId": ADA}]},
        {"value": [{"scheduleId": ADA, "availabilityView": "000"}]},
        {"value": [{"scheduleId": ADA, "availabilityView": "", "scheduleItems": [{}]}]},
        {
            "value": [
                {
                    "scheduleId": ADA,
                    "availabilityView": "",
                    "scheduleItems": [ITEM | {"end": {"dateTime": "soon", "timeZone": "UTC"}}],
                }
            ]
        },
        {
            "value": [
                {
                    "scheduleId": ADA,
                    "availabilityView": "",
                    "scheduleItems": [
                        ITEM | {"start": ITEM["start"] | {"timeZone": "Pacific Standard Time"}}
                    ],
                }
            ]
        },
        {"value": "none"},
        {},
        [],
    ],
)
def test_an_answer_that_leaves_the_mailbox_out_is_no_free_time(read, graph, answered):
    graph.faults.append(Reply(body=json.dumps(answered).encode()))
    failure(read)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b'{"value": [{"scheduleId": '),
        Reply(body=b'{"value": []}', promises=500),
        Reply(body=b"<html>Sign in</html>", kind="text/html"),
        Reply(waits=3.0),
    ],
    ids=["cut JSON", "cut answer", "web page", "slow"],
)
def test_a_broken_answer_is_no_free_time(read, graph, reply):
    graph.faults.append(reply)
    assert failure(read, seconds=1.0).may_pass


def test_what_the_events_are_about_stays_there(read):
    assert "Cancer" not in repr(read(ADA, GRACE))
