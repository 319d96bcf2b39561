"""The admin's look: django-unfold, or Django's own (ADMIN_THEME). The same admin.py files run on both."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteMixin

IS_UNFOLD: bool = settings.ADMIN_THEME == "unfold"

if TYPE_CHECKING:
    AdminBase = admin.ModelAdmin[Any]
    InlineBase = admin.TabularInline[Any, Any]
elif IS_UNFOLD:
    from unfold.admin import ModelAdmin as AdminBase
    from unfold.admin import TabularInline as InlineBase
else:
    from django.contrib.admin import ModelAdmin as AdminBase
    from django.contrib.admin import TabularInline as InlineBase

__all__ = ["IS_UNFOLD", "AdminBase", "InlineBase", "dress"]


def dress(form: forms.Form) -> None:
    """Give plain Django widgets the theme's look. (Django's own theme styles them by their kind.)"""
    if not IS_UNFOLD:
        return
    from unfold import widgets

    looks: tuple[tuple[type, list[str], str], ...] = (
        (AutocompleteMixin, [], ""),
        (forms.CheckboxSelectMultiple, widgets.CHECKBOX_CLASSES, "radio"),
        (forms.RadioSelect, widgets.RADIO_CLASSES, "radio"),
        (forms.CheckboxInput, widgets.CHECKBOX_CLASSES, ""),
        (forms.Select, widgets.SELECT_CLASSES, "select"),
        (forms.Textarea, widgets.TEXTAREA_CLASSES, ""),
        (forms.widgets.Input, widgets.INPUT_CLASSES, ""),
    )
    for field in form.fields.values():
        widget = field.widget
        _kind, names, template = next((look for look in looks if isinstance(widget, look[0])), (None, [], ""))
        widget.attrs["class"] = " ".join([widget.attrs.get("class", ""), *names]).strip()
        if template:
            widget.template_name = f"unfold/widgets/{template}.html"
        if template == "radio":
            widget.option_template_name = "unfold/widgets/radio_option.html"
