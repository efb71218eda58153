"""Parse the id of a paper from its spellings (address, prefix, version) into one canonical id.

Belongs here: which texts are an id, and its canonical spelling. Does not belong here: which field holds an id
(``payload_types.py``, ``text_markup.py``).

A paper's key is its arXiv id (``2406.00105``, before April 2007 ``math.GT/0309136``), or, for a paper that the site
lists without one, ``hf:`` and the site's own id.
"""

from __future__ import annotations

import re

#: Since January 2015 the number has five digits, before that four: https://info.arxiv.org/help/arxiv_identifier.html
_FIVE_DIGITS_SINCE = 1501
#: The keys of papers as a pattern: arXiv ids new and old, ids of the site.
PAPER_ID = (
    r"[0-9]{4}\.[0-9]{5}|(?:0[7-9]|1[0-4])[0-9]{2}\.[0-9]{4}"
    r"|[a-z]{2,8}(?:-[a-z]{2,4})?(?:\.[A-Z]{2})?/[0-9]{7}|hf:[A-Za-z0-9_-]{6,64}"
)
_OWN = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_-]{6,64}", re.ASCII)
#: Blanks, marks without a width and the brackets of an address, which copying leaves around an id.
_AROUND = " \t\r\n\f\v\u00a0\u3000\u200b\u200e\u200f\u2060\ufeff<>"
_ARXIV = re.compile(
    r"""(?:\s|https?://)*
        (?:(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|(?:www\.)?(?:huggingface|hf)\.co/papers/|/?papers/|arxiv:|
           (?:www\.)?alphaxiv\.org/abs/|(?:dx\.)?(?:doi\.org/|doi:\s*)?10\.48550/arxiv\.)?
        \s*(?:(?P<month>\d{4})\.(?P<number>\d{3,5})|(?P<old>[a-z]{2,8}(?:-[a-z]{2,4})?(?:\.[a-z]{2})?/\d{7}))(?:v\d{1,3})?(?:\.pdf)?/?
        (?:[?\#]\S*)?\s*""",
    re.ASCII | re.I | re.X,
)


def canonical_id(text: str) -> str | None:
    """The arXiv id that a text is, like ``2406.00105``; None if it is anything else.

    Addresses with their query and fragment, the prefixes ``arXiv:`` and ``doi:``, a version and blanks around it
    are dropped. A number that lost its leading
    zeros is padded, as the site's own tools do (``2406.105`` is ``2406.00105``).
    """
    match = _ARXIV.fullmatch(text.strip(_AROUND)) if len(text) <= 200 else None
    if match is None:
        return None
    if match["old"]:
        archive, _, number = match["old"].partition("/")
        group, dot, subject = archive.partition(".")
        return f"{group.lower()}{dot}{subject.upper()}/{number}"
    digits = 5 if int(match["month"]) >= _FIVE_DIGITS_SINCE else 4
    # A number that is too long for its month is no id of that month.
    return f"{match['month']}.{match['number'].zfill(digits)}" if len(match["number"]) <= digits else None


def site_key(text: str) -> str | None:
    """The key of a paper that the site lists under an id of its own; None if the text can't be one.

    The caller checks that the record is the site's: other sources have ids of the same form.
    """
    own = text.strip()
    return f"hf:{own}" if _OWN.fullmatch(own) else None
