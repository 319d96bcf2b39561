"""Pay: is the company's band calibrated the way the playbook advises, and does an offer keep to the band?

All money here is in minor units (cents) a year, as whole numbers; shares are whole percentages.
"""

# SECURITY: offers are stored encrypted and the texts of notes are not: a text never names an amount.

from __future__ import annotations

from dataclasses import dataclass

from hiring.blueprint import Pay


@dataclass(frozen=True)
class PayNote:
    """Something to know before saving a band or an offer.

    A blocking note says what has to change first; any other is advice. `source` is the key of the source the
    advice rests on, None for what follows from arithmetic or from the company's own band.
    """

    code: str
    text: str
    source: str | None
    blocking: bool = False


def check_band(
    pay: Pay, *, low: int, high: int, currency: str, anchor: str, cash_percent: int, negotiation_percent: int
) -> tuple[PayNote, ...]:
    """The company's band against the playbook's rules; an empty tuple means nothing to remark.

    Blocking: an amount that is not positive, a band upside down, a share that cannot be. Advice: another
    currency than the playbook's figures, an anchor that misleads for this role (its pattern flag follows by
    itself), less cash than advised, a negotiation share outside the advised range (10-15 % for MLOps), and a
    band too narrow for it: with $340,000-380,000 and 12 % kept back, the largest first offer is $334,400.
    """
    notes: list[PayNote] = []
    if low <= 0 or high <= 0:
        notes.append(_stop("not_positive", "Both ends of a pay band have to be above zero."))
    if low > high:
        notes.append(_stop("upside_down", "The low end of the band is above its ceiling; correct them."))
    if currency != pay.currency:
        notes.append(
            _advice(
                pay,
                "other_currency",
                f"The band is in {currency} and the playbook's figures are in {pay.currency}; convert before "
                "comparing them.",
            )
        )
    notes += _anchor(pay, anchor, "band")
    notes += _cash(pay, cash_percent, "band")
    notes += _negotiation(pay, negotiation_percent)
    if not any(note.blocking for note in notes) and opening_offer_limit(high, negotiation_percent) < low:
        text = "Keeping this share for negotiation pushes every first offer below the low end of the band."
        notes.append(PayNote("no_room_for_first_offer", text, None))
    return tuple(notes)


def opening_offer_limit(high: int, negotiation_percent: int) -> int:
    """The largest first offer that keeps the negotiation share of the ceiling back, rounded down.

    limit = ceiling x (100 - share) / 100. A ceiling of $380,000 with 12 % kept back leaves a first offer of
    at most $334,400: 38_000_000 x 88 / 100 = 33_440_000 cents. Raises ValueError for a share outside 0-100 %.
    """
    if not 0 <= negotiation_percent <= 100:
        raise ValueError("The share kept for negotiation is a percentage from 0 to 100.")
    return high * (100 - negotiation_percent) // 100


def check_offer(
    pay: Pay,
    *,
    amount: int,
    currency: str,
    anchor: str,
    cash_percent: int,
    low: int,
    high: int,
    band_currency: str,
    negotiation_percent: int,
    negotiated: bool,
) -> tuple[PayNote, ...]:
    """An offer against the company's band (`low`, `high`, `band_currency`) and the playbook's rules.

    With a ceiling of $380,000 and 12 % kept for negotiation, an offer up to $334,400 passes; one above that
    and up to $380,000 is blocked unless it was `negotiated` (then a note remains); one above $380,000 is
    always blocked. An offer below the low end is allowed with a note. Comparisons need one currency, so
    another currency than the band's is blocked and nothing is compared.
    """
    notes: list[PayNote] = []
    if amount <= 0:
        notes.append(_stop("not_positive", "An offer has to be above zero."))
    if currency != band_currency:
        notes.append(
            _stop(
                "other_currency",
                f"The offer is in {currency}; make it in {band_currency}, the currency of the band.",
            )
        )
    else:
        notes += _within(amount, low, high, negotiation_percent, negotiated=negotiated)
    notes += _anchor(pay, anchor, "offer")
    notes += _cash(pay, cash_percent, "offer")
    return tuple(notes)


def _within(amount: int, low: int, high: int, negotiation_percent: int, *, negotiated: bool) -> list[PayNote]:
    if amount > high:
        return [_stop("above_ceiling", "The offer is above the band's ceiling; lower it or change the band.")]
    notes: list[PayNote] = []
    if amount > opening_offer_limit(high, negotiation_percent):
        text = f"The offer uses part of the {negotiation_percent} % of the ceiling kept for negotiation."
        if not negotiated:
            text += " Make a lower first offer, or say that it was negotiated."
        notes.append(PayNote("uses_negotiation_share", text, None, blocking=not negotiated))
    if 0 < amount < low:
        notes.append(PayNote("below_band", "The offer is below the low end of the band.", None))
    return notes


def _anchor(pay: Pay, anchor: str, what: str) -> list[PayNote]:
    instead = " or ".join(map(_in_words, pay.anchors))
    if anchor in pay.not_anchors:
        text = f"The {what} is anchored on {_in_words(anchor)} pay, which misleads here; anchor on {instead}."
        return [_advice(pay, "misleading_anchor", text)]
    if anchor not in pay.anchors:
        text = f"The playbook does not know {_in_words(anchor)} pay as an anchor; it advises {instead}."
        return [_advice(pay, "unknown_anchor", text)]
    return []


def _cash(pay: Pay, cash_percent: int, what: str) -> list[PayNote]:
    if not 0 <= cash_percent <= 100:
        return [_stop("impossible_cash_share", "The cash share is a percentage from 0 to 100.")]
    if cash_percent < pay.min_cash_percent:
        text = (
            f"Less than {pay.min_cash_percent} % of the {what} is cash; the playbook advises at least that."
        )
        return [_advice(pay, "little_cash", text)]
    return []


def _negotiation(pay: Pay, percent: int) -> list[PayNote]:
    least, most = pay.negotiation_percent
    if not 0 <= percent < 100:
        return [_stop("impossible_negotiation_share", "The share kept for negotiation is from 0 to 99 %.")]
    if not least <= percent <= most:
        text = f"{percent} % of the ceiling is kept for negotiation; the playbook advises {least}-{most} %."
        return [_advice(pay, "negotiation_share", text)]
    return []


def _advice(pay: Pay, code: str, text: str) -> PayNote:
    source = next(band.source for band in pay.bands if band.key == pay.role_band)
    return PayNote(code, text, source)


def _stop(code: str, text: str) -> PayNote:
    return PayNote(code, text, None, blocking=True)


def _in_words(role: str) -> str:
    return role.replace("_", " ")
