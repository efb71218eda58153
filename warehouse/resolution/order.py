"""Which way round a paper writes its authors' names: decided for the paper, by all of its names together.

One name seldom tells (Yang Lin, Lin Yang); the names of a paper do, since a list is written one way. Some authors of a
turned list may still stand the usual way round: who clearly does is left as written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from warehouse.resolution.names import Name, parse
from warehouse.resolution.statistics import Statistics

#: A name tells its order from so many log odds on, and counts for no more than ``MOST``.
TELLING = 1.0
MOST = 3.0
#: A list is turned where so many names say so, and twice as many as say the opposite.
LEAST_NAMES = 3


def lean(name: Name, statistics: Statistics) -> float:
    """Log odds that the given name stands first, by how often either word does elsewhere; 0 for what can't be told."""
    if name.is_team or len(name.units) != 2 or min(map(len, name.units)) < 2:
        return 0.0
    first, last = (_given(unit, statistics) for unit in name.units)
    return max(-MOST, min(MOST, first - last))


def _given(word: str, statistics: Statistics) -> float:
    """Log odds that a word is a given name."""
    share = (statistics.first[word] + 0.5) / (statistics.tokens[word] + 1.0)
    share = min(max(share, 0.01), 0.99)
    return math.log(share / (1.0 - share)) if statistics.tokens[word] else 0.0


def turned_names(authors: Iterable[str], leans: Mapping[str, float]) -> dict[str, str]:
    """Name as listed → name with the given name first, of a paper that lists surnames first; of others nothing."""
    names = list(dict.fromkeys(authors))
    told = [leans[name] for name in names]
    backward, forward = sum(x < -TELLING for x in told), sum(x > TELLING for x in told)
    if backward < LEAST_NAMES or backward <= 2 * forward:
        return {}
    return {name: _turn(name) for name, x in zip(names, told, strict=True) if x <= TELLING and _turn(name) != name}


def _turn(name: str) -> str:
    words = name.split()
    return f"{words[1]} {words[0]}" if len(words) == 2 and "," not in name and len(parse(name).units) == 2 else name
