"""Whether a paper lists surnames first: decided by all names of the paper together.

One name seldom shows its order (Yang Lin, Lin Yang); the names of a paper do, as a list is written one way. In a list
with surnames first, a name that clearly has its given name first is left as listed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from warehouse.resolution.names import Name, parse
from warehouse.resolution.statistics import Statistics

#: Log odds from which a name shows its order, and the most that one name counts.
MIN_LOG_ODDS = 1.0
MAX_LOG_ODDS = 3.0
#: A list has surnames first if at least so many names show it, and more than twice as many as show the opposite.
MIN_NAMES = 3


def order_log_odds(name: Name, statistics: Statistics) -> float:
    """Log odds that the given name is first, by how often each word is a given name elsewhere; 0 where unknown."""
    if name.is_team or len(name.units) != 2 or min(map(len, name.units)) < 2:
        return 0.0
    first, last = (_given_name_log_odds(unit, statistics) for unit in name.units)
    return max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, first - last))


def _given_name_log_odds(word: str, statistics: Statistics) -> float:
    """Log odds that a word is a given name."""
    share = (statistics.first[word] + 0.5) / (statistics.tokens[word] + 1.0)
    share = min(max(share, 0.01), 0.99)
    return math.log(share / (1.0 - share)) if statistics.tokens[word] else 0.0


def reordered_names(authors: Iterable[str], log_odds: Mapping[str, float]) -> dict[str, str]:
    """Name as listed → name with the given name first, for a paper that lists surnames first; else empty.

    ``log_odds``: ``order_log_odds`` of each author.
    """
    names = list(dict.fromkeys(authors))
    odds = [log_odds[name] for name in names]
    surname_first, given_first = sum(x < -MIN_LOG_ODDS for x in odds), sum(x > MIN_LOG_ODDS for x in odds)
    if surname_first < MIN_NAMES or surname_first <= 2 * given_first:
        return {}
    return {
        name: _reorder(name)
        for name, x in zip(names, odds, strict=True)
        if x <= MIN_LOG_ODDS and _reorder(name) != name
    }


def _reorder(name: str) -> str:
    words = name.split()
    return f"{words[1]} {words[0]}" if len(words) == 2 and "," not in name and len(parse(name).units) == 2 else name
