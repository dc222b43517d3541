"""Secrets that are known, found again in a text."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from glimpse.values import REDACTED
from glimpse.values.conceal import conceal

WORDS = st.text("aé1_ .ab", max_size=30)


@given(WORDS, st.text("aé1_.", min_size=1, max_size=3))
def test_short_texts_are_replaced_as_words_only(text: str, secret: str) -> None:
    """Where no letter, digit or underscore stands beside them, as an expression says it."""
    expected = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", REDACTED, text)
    assert conceal(text, [secret]) == expected
