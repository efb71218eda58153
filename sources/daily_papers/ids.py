"""The id of a paper, in whatever dress it comes: one spelling for one paper.

Belongs here: which texts are an arXiv id, and its usual spelling. Does not belong here: where an id stands
(``wire.py``, ``text_markup.py``).
"""

from __future__ import annotations

import re

#: Since January 2015 the number has five digits, before that four: https://info.arxiv.org/help/arxiv_identifier.html
_FIVE_DIGITS_SINCE = 1501
_ARXIV = re.compile(
    r"""(?:\s|https?://)*
        (?:(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|(?:www\.)?huggingface\.co/papers/|/?papers/|arxiv:|
           (?:dx\.)?(?:doi\.org/)?10\.48550/arxiv\.)?
        \s*(?P<month>\d{4})\.(?P<number>\d{3,5})(?:v\d{1,3})?(?:\.pdf)?/?\s*""",
    re.ASCII | re.I | re.X,
)


def canonical_id(text: str) -> str | None:
    """The arXiv id that a text is, like ``2406.00105``; None if it is anything else.

    Addresses, the prefix ``arXiv:``, a version and blanks around it are dropped. A number that lost its leading
    zeros is padded, as the site's own tools do (``2406.105`` is ``2406.00105``).
    """
    match = _ARXIV.fullmatch(text) if len(text) <= 200 else None
    if match is None:
        return None
    digits = 5 if int(match["month"]) >= _FIVE_DIGITS_SINCE else 4
    # A number that is too long for its month is no id of that month.
    return f"{match['month']}.{match['number'].zfill(digits)}" if len(match["number"]) <= digits else None
