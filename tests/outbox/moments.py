import datetime as dt

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def after(**parts: float) -> dt.datetime:
    return NOON + dt.timedelta(**parts)
