"""Openings, as figures and people."""

from django.urls import path

from analytics import views

app_name = "analytics"
urlpatterns = [
    path("", views.listing, name="openings"),
    path("<uuid:opening_id>/", views.opening, name="opening"),
]
