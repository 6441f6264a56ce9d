"""Plain names for groups of customers: "evening fresh food families" rather than "cluster 3"."""

import re
from collections.abc import Mapping, Sequence

NOTICEABLE = 0.25
"""Standard deviations from the base below which a feature is not worth a word (Cohen 1988: 0.2 is small)."""
PATTERNS: tuple[tuple[str, str, str], ...] = (
    # feature name matches, what the low end is called, what the high end is called
    (r"recency|days_since", "recent", "lapsed"),
    (r"inter_purchase|days_between", "frequent", "occasional"),
    (r"tenure|age_days", "new", "long-standing"),
    (r"frequency|baskets|orders|visits", "occasional", "frequent"),
    (r"average_(basket|order)|basket_size", "small-basket", "big-basket"),
    (r"monetary|spend|revenue|value", "low-spending", "high-spending"),
    (r"coupon|discount|promotion|deal", "full-price", "bargain-hunting"),
    (r"entropy|variety|departments|categories", "single-minded", "varied"),
    (r"evening|night", "daytime", "evening"),
    (r"weekend", "weekday", "weekend"),
    (r"web|online|sessions|mobile|app", "in-store", "online"),
)
NOUNS = ((r"kids|children|household_size|family", "families"),)
"""Features whose high end names the people themselves."""


def name(effects: Mapping[str, float], words: Mapping[str, tuple[str, str]], taken: Sequence[str] = ()) -> str:
    """A name from the strongest effects. effects: standard deviations from the base by feature.

    words: per feature what the low and the high end are called; they go before PATTERNS. taken: names already given;
    further words are added until the name is a new one.
    """
    ranked = sorted(effects, key=lambda feature: (-abs(effects[feature]), feature))
    noun = "customers"
    spoken: list[str] = []
    for feature in ranked:
        effect = effects[feature]
        if abs(effect) < NOTICEABLE and spoken:
            break
        people = next((noun for pattern, noun in NOUNS if re.search(pattern, feature) and feature not in words), None)
        if people and effect > 0:
            noun = people
            continue
        phrase = word(feature, effect > 0, words)
        if phrase not in spoken:
            spoken.append(phrase)
    for count in range(2, len(spoken) + 1):
        candidate = _join(spoken[:count], noun, words)
        if candidate not in taken:
            return candidate
    base = _join(spoken[:2], noun, words)
    number = 2
    while (candidate := base if base not in taken else f"{base} {number}") in taken:
        number += 1
    return candidate


def word(feature: str, is_high: bool, words: Mapping[str, tuple[str, str]]) -> str:
    """What to call the low or the high end of a feature."""
    if feature in words:
        return words[feature][int(is_high)]
    for pattern, low, high in PATTERNS:
        if re.search(pattern, feature):
            return high if is_high else low
    if feature.endswith("_share"):
        stem = plain(feature.removesuffix("_share"))
        return stem if is_high else f"little-{stem}"
    return f"{'high' if is_high else 'low'} {plain(feature)}"


def plain(feature: str) -> str:
    """A feature's name without underscores."""
    return feature.replace("_", " ").strip()


def _join(spoken: Sequence[str], noun: str, words: Mapping[str, tuple[str, str]]) -> str:
    # Words given by the caller may be nouns themselves ("coupon lovers"): they stand alone.
    given = {phrase for pair in words.values() for phrase in pair}
    if spoken and any(phrase in given for phrase in spoken):
        return " ".join(spoken)
    return " ".join((*spoken, noun))
