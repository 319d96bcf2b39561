"""What every noun of the REST API is made of; the rooms above add the nouns, config/api.py the addresses.

class OpeningSerializer(Output):                 # what is said of a row, and who is told which part
    ...

class Approve(Input):                            # exactly the keywords of the rule, each with its type
    reason = Text(required=False, allow_blank=True)

class Openings(Noun):
    noun = "openings"                            # what an API key's scope calls it; none: closed to keys
    serializer_class = OpeningSerializer
    approve = verb(openings.approve, Approve)    # POST /openings/{id}/approve
"""

from accounts.api.fields import (
    Choice,
    Clock,
    Currency,
    Instant,
    Money,
    Reference,
    Text,
    Whole,
    Word,
    YesNo,
    Zone,
)
from accounts.api.nouns import Noun, Rows, creation, verb
from accounts.api.paging import Paging
from accounts.api.shapes import Input, Output

__all__ = [
    "Choice",
    "Clock",
    "Currency",
    "Input",
    "Instant",
    "Money",
    "Noun",
    "Output",
    "Paging",
    "Reference",
    "Rows",
    "Text",
    "Whole",
    "Word",
    "YesNo",
    "Zone",
    "creation",
    "verb",
]
