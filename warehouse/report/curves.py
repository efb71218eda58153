"""The upvote curve of a paper as SVG paths: a report has hundreds, too many for a chart library.

An observation is a dot on a solid line; a day without one, carried forward, is a ring on a dashed line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from warehouse.report.words import count, short_day

#: Points and rings of one curve; more are not distinguishable at its width.
MAX_POINTS = 240
MAX_RINGS = 40


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
    observed: Sequence[tuple[datetime, int]], carried: Sequence[tuple[date, int]], max_points: int = MAX_POINTS
) -> list[Point]:
    """Observations and carried days in order of time, at most ``max_points``. A carried day is drawn at its noon."""
    points = [Point(at, upvotes, True) for at, upvotes in observed]
    points += [Point(datetime.combine(day, time(12)), upvotes, False) for day, upvotes in carried]
    points.sort(key=lambda point: point.at)
    return thinned(points, max_points)


def thinned(points: list[Point], max_points: int) -> list[Point]:
    """At most ``max_points`` points, spread evenly, the first and the last among them."""
    if len(points) <= max_points:
        return points
    step = (len(points) - 1) / (max_points - 1)
    return [points[round(index * step)] for index in range(max_points)]


def sparkline(points: Sequence[Point], width: int = 120, height: int = 28) -> Curve:
    """A drawing without axes, from the first to the last observation and from the lowest to the highest upvotes."""
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
    start, end = points[0].at, points[-1].at
    span = (end - start).total_seconds() or 1.0
    highest = max(point.upvotes for point in points)
    lowest = min(0, *(p.upvotes for p in points)) if from_zero else min(point.upvotes for point in points)
    rise = max(highest - lowest, 1)
    floor = height - bottom

    def x(at: datetime) -> float:
        return round(left + (width - left - right) * (at - start).total_seconds() / span, 1)

    def y(upvotes: float) -> float:
        return round(floor - (floor - top) * (upvotes - lowest) / rise, 1)

    places = [(x(point.at), y(point.upvotes)) for point in points]
    solid: list[str] = []
    dashed: list[str] = []
    for (before, after), (tail, head) in zip(pairwise(points), pairwise(places), strict=True):
        lines = solid if before.is_observed and after.is_observed else dashed
        lines.append(f"M{tail[0]:g} {tail[1]:g}L{head[0]:g} {head[1]:g}")
    rings = [place for point, place in zip(points, places, strict=True) if not point.is_observed]
    return Curve(
        width,
        height,
        "".join(solid),
        "".join(dashed),
        [place for point, place in zip(points, places, strict=True) if point.is_observed],
        rings if len(rings) <= MAX_RINGS else [],
        [Tick(x(at), short_day(at) if span > 86_400 else f"{at:%H:%M}") for at in _moments(start, end)],
        [Tick(y(value), count(value)) for value in _round_values(lowest, highest)],
        left,
        floor,
    )


def _moments(start: datetime, end: datetime) -> list[datetime]:
    """Some round moments of a stretch of time: midnights, or full hours within a day."""
    span = end - start
    steps = (1, 2, 3, 6) if span <= timedelta(days=1) else (24, 48, 96, 168, 336, 720, 2160, 8760)
    hours = next((step for step in steps if span <= timedelta(hours=5 * step)), steps[-1])
    first = datetime.combine(start.date(), time())
    while first < start:
        first += timedelta(hours=min(hours, 24))
    return [first + timedelta(hours=n * hours) for n in range(int((end - first) / timedelta(hours=hours)) + 1)]


def _round_values(lowest: int, highest: int) -> list[int]:
    """Three to six round numbers from ``lowest`` to ``highest``."""
    rise = max(highest - lowest, 1)
    step = next(n * 10**e for e in range(12) for n in (1, 2, 5) if rise <= 5 * n * 10**e)
    first = -(-lowest // step) * step
    return list(range(first, highest + 1, step)) or [lowest]
