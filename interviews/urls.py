"""The interviewer's pages, and what is reached from mails."""

from django.urls import path

from interviews import (
    application_pages,
    calendar_pages,
    candidate_pages,
    debrief_pages,
    hooks,
    links,
    search_pages,
    views,
)

app_name = "interviews"
urlpatterns = [
    path("", views.mine, name="mine"),
    path("at/<uuid:interview_id>/", links.at, name="at"),
    path("calendars/", calendar_pages.calendars, name="calendars"),
    path("calendars/<str:kind>/consent/", calendar_pages.consent, name="consent"),
    path("calendars/<str:kind>/consented/", calendar_pages.consented, name="consented"),
    path("answer/<str:token>/", links.answer, name="answer"),
    path("yours/<str:token>/", candidate_pages.yours, name="yours"),
    path("yours/<str:token>/cancel/", candidate_pages.cancel, name="yours-cancel"),
    path("feeds/<str:token>.ics", links.feed, name="feed"),
    path("hooks/mail", hooks.inbound_mail, name="inbound-mail"),
    path("seats/<uuid:seat_id>/", views.kit, name="kit"),
    path("seats/<uuid:seat_id>/accept/", views.accept, name="accept"),
    path("seats/<uuid:seat_id>/decline/", views.decline, name="decline"),
    path("seats/<uuid:seat_id>/suggest/", views.suggest, name="suggest"),
    path("seats/<uuid:seat_id>/save/", views.save, name="save"),
    path("seats/<uuid:seat_id>/clock/", views.clock, name="clock"),
    path("seats/<uuid:seat_id>/submit/", views.submit, name="submit"),
    path("seats/<uuid:seat_id>/amend/", views.amend, name="amend"),
    path("seats/<uuid:seat_id>/beside/", views.beside, name="beside"),
    path("seats/<uuid:seat_id>/versions/<int:number>/", views.version, name="version"),
    path("cards/<uuid:card_id>/", views.card, name="card"),
    path("search/", search_pages.find, name="search"),
    path("candidates/<uuid:application_id>/", application_pages.candidate, name="candidate"),
    path("debriefs/", debrief_pages.listing, name="debriefs"),
    path("debriefs/<uuid:debrief_id>/", debrief_pages.debrief, name="debrief"),
    path("debriefs/<uuid:debrief_id>/vote/", debrief_pages.vote, name="vote"),
    path("debriefs/<uuid:debrief_id>/decide/", debrief_pages.decide, name="decide"),
    path("debriefs/<uuid:debrief_id>/flags/<uuid:flag_id>/", debrief_pages.answer, name="answer-flag"),
]
