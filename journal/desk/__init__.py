"""The recruiters' desk: what every room's admin.py is made of. (In the lowest room, so that all can use it.)"""

from journal.desk.acts import Act, Ask, Part
from journal.desk.nouns import Bar, Chart, Noun, Rows, Site, Todo, by_choice, site_of, tally

__all__ = [
    "Act",
    "Ask",
    "Bar",
    "Chart",
    "Noun",
    "Part",
    "Rows",
    "Site",
    "Todo",
    "by_choice",
    "site_of",
    "tally",
]
