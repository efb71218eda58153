"""The upvote curve of a paper as plain geometry: hundreds of small drawings, too many for a chart library each.

What was observed is a dot on a solid line; a day carried forward is a ring on a dashed one, as nobody looked then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from warehouse.report.words import count, short_day

#: More marks than this make a line thicker, not clearer.
MOST_POINTS = 240
MOST_RINGS = 40


@dataclass(frozen=True)
class Point:
    """Upvotes at a moment (UTC), observed or carried forward."""

    at: datetime
    upvotes: int
    is_observed: bool


@dataclass(frozen=True)
class Tick:
    """A label at a place of an axis, in the drawing's units."""

    place: float
    label: str


@dataclass(frozen=True)
class Curve:
    """A drawing of ``width`` × ``height`` units; paths are SVG path data."""

    width: int
    height: int
    solid: str
    dashed: str
    dots: list[tuple[float, float]]
    rings: list[tuple[float, float]]
    across: list[Tick]
    up: list[Tick]
    left: float
    bottom: float


def points_of(
    observed: Sequence[tuple[datetime, int]], carried: Sequence[tuple[date, int]], most: int = MOST_POINTS
) -> list[Point]:
    """Observations and carried days in order of time. A carried day stands at its noon."""
    points = [Point(at, upvotes, True) for at, upvotes in observed]
    points += [Point(datetime.combine(day, time(12)), upvotes, False) for day, upvotes in carried]
    points.sort(key=lambda point: point.at)
    return thinned(points, most)


def thinned(points: list[Point], most: int) -> list[Point]:
    """At most ``most`` points, spread evenly, the first and the last among them."""
    if len(points) <= most:
        return points
    step = (len(points) - 1) / (most - 1)
    return [points[round(index * step)] for index in range(most)]


def sparkline(points: Sequence[Point], width: int = 120, height: int = 28) -> Curve:
    """A drawing without axes, as wide as the time watched and as high as the upvotes' own range."""
    return _drawn(points, width, height, left=3, right=5, top=4, bottom=4, from_zero=False)


def curve(points: Sequence[Point], width: int = 440, height: int = 200) -> Curve:
    """A drawing with both axes, upvotes from zero."""
    return _drawn(points, width, height, left=40, right=10, top=12, bottom=26, from_zero=True)


def _drawn(
    points: Sequence[Point],
    width: int,
    height: int,
    *,
    left: float,
    right: float,
    top: float,
    bottom: float,
    from_zero: bool,
) -> Curve:
    begin, end = points[0].at, points[-1].at
    span = (end - begin).total_seconds() or 1.0
    most = max(point.upvotes for point in points)
    least = min(0, *(p.upvotes for p in points)) if from_zero else min(point.upvotes for point in points)
    rise = max(most - least, 1)
    floor = height - bottom

    def x(at: datetime) -> float:
        return round(left + (width - left - right) * (at - begin).total_seconds() / span, 1)

    def y(upvotes: float) -> float:
        return round(floor - (floor - top) * (upvotes - least) / rise, 1)

    places = [(x(point.at), y(point.upvotes)) for point in points]
    solid: list[str] = []
    dashed: list[str] = []
    for (before, after), (start, stop) in zip(pairwise(points), pairwise(places), strict=True):
        lines = solid if before.is_observed and after.is_observed else dashed
        lines.append(f"M{start[0]:g} {start[1]:g}L{stop[0]:g} {stop[1]:g}")
    rings = [place for point, place in zip(points, places, strict=True) if not point.is_observed]
    return Curve(
        width,
        height,
        "".join(solid),
        "".join(dashed),
        [place for point, place in zip(points, places, strict=True) if point.is_observed],
        rings if len(rings) <= MOST_RINGS else [],
        [Tick(x(at), short_day(at) if span > 86_400 else f"{at:%H:%M}") for at in _moments(begin, end)],
        [Tick(y(value), count(value)) for value in _round_values(least, most)],
        left,
        floor,
    )


def _moments(begin: datetime, end: datetime) -> list[datetime]:
    """Some round moments of a stretch of time: midnights, or full hours within a day."""
    span = end - begin
    steps = (1, 2, 3, 6) if span <= timedelta(days=1) else (24, 48, 96, 168, 336, 720, 2160, 8760)
    hours = next((step for step in steps if span <= timedelta(hours=5 * step)), steps[-1])
    first = datetime.combine(begin.date(), time())
    while first < begin:
        first += timedelta(hours=min(hours, 24))
    return [first + timedelta(hours=n * hours) for n in range(int((end - first) / timedelta(hours=hours)) + 1)]


def _round_values(least: int, most: int) -> list[int]:
    """Three to six round numbers from ``least`` to ``most``."""
    rise = max(most - least, 1)
    step = next(n * 10**e for e in range(12) for n in (1, 2, 5) if rise <= 5 * n * 10**e)
    first = -(-least // step) * step
    return list(range(first, most + 1, step)) or [least]
