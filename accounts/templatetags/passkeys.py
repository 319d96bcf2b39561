"""What a page hands to passkeys.js."""

import json

from django import template
from django.core.serializers.json import DjangoJSONEncoder

register = template.Library()


@register.filter
def as_json(options: object) -> str:
    """The options of a passkey ceremony, for an attribute: the pages carry no inline script."""
    return json.dumps(options, cls=DjangoJSONEncoder)
