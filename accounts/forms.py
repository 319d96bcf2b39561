"""What people are asked about their own account."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import User
from journal.errors import Refused


class NotificationsForm(forms.Form):
    """How one hears of each kind of thing, and the quiet hours."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for key, kind in notices.KINDS.items():
            self.fields[key] = forms.ChoiceField(
                label=kind.title,
                choices=[(way.value, notices.WAYS[way]) for way in kind.ways],
                initial=notices.way(user, key).value,
            )
        wish = notices.of(user)
        for name, label, value in (
            ("quiet_from", _("Quiet from"), wish.quiet_from),
            ("quiet_until", _("Quiet until"), wish.quiet_until),
        ):
            clock = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            self.fields[name] = forms.TimeField(label=label, required=False, initial=value, widget=clock)

    def answers(self) -> dict[str, Any]:
        """The rule's arguments."""
        said = self.cleaned_data
        return {
            "ways": {key: said[key] for key in notices.KINDS},
            "quiet_from": said["quiet_from"],
            "quiet_until": said["quiet_until"],
        }

    def refuse(self, no: Refused) -> None:
        """Show what the rule said, at the field it names. What was typed stays."""
        named = {
            detail["field"]: detail["problem"] for detail in no.details if detail.get("field") in self.fields
        }
        self.add_error(None, no.message)
        for field, problem in named.items():
            self.add_error(field, problem)
