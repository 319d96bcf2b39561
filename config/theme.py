"""How the unfold theme looks (setting UNFOLD). No fonts, icons or scripts come from elsewhere."""

from typing import Any

from django.templatetags.static import static

# A deep teal: readable as text on white and under white text.
PRIMARY = {
    "50": "#eefbfb",
    "100": "#d3f3f4",
    "200": "#a9e5e8",
    "300": "#72cfd5",
    "400": "#37b0b9",
    "500": "#1c929c",
    "600": "#16757f",
    "700": "#155e67",
    "800": "#164c54",
    "900": "#163f47",
    "950": "#08282f",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Loopwright",
    "SITE_HEADER": "Loopwright",
    "SITE_SUBHEADER": "Recruiting desk",
    "SITE_SYMBOL": "sync_alt",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("icon.svg")}],
    "SHOW_HISTORY": False,  # every page has its own timeline
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": PRIMARY},
    "COMMAND": {"search_models": False, "show_history": False},
}
