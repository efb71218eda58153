"""The small line of a paper's upvotes as SVG paths: a page has dozens, too many for a chart library.

Curves with axes are drawn in the browser (``assets/papers.js``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise

#: Points of one line; more are not distinguishable at its width.
MAX_POINTS = 60
WIDTH, HEIGHT = 120, 28
LEFT, RIGHT, TOP, BOTTOM = 3, 5, 4, 4


@dataclass(frozen=True)
class Point:
    """Upvotes at a moment (UTC), observed or carried forward."""

    at: datetime
    upvotes: int
    is_observed: bool


@dataclass(frozen=True)
class Line:
    """A drawing of ``width`` × ``height`` units; paths are SVG path data, ``end`` is the place of the last point.

    Between observations the line is solid, over days without one it is dashed.
    """

    width: int
    height: int
    solid: str
    dashed: str
    end: tuple[float, float]


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


def sparkline(points: Sequence[Point]) -> Line:
    """A drawing without axes, from the first to the last observation and from the lowest to the highest upvotes."""
    start, end = points[0].at, points[-1].at
    span = (end - start).total_seconds() or 1.0
    lowest = min(point.upvotes for point in points)
    rise = max(max(point.upvotes for point in points) - lowest, 1)
    floor = HEIGHT - BOTTOM

    def place(point: Point) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * (point.at - start).total_seconds() / span
        return round(across, 1), round(floor - (floor - TOP) * (point.upvotes - lowest) / rise, 1)

    places = [place(point) for point in points]
    solid: list[str] = []
    dashed: list[str] = []
    for (before, after), (tail, head) in zip(pairwise(points), pairwise(places), strict=True):
        lines = solid if before.is_observed and after.is_observed else dashed
        lines.append(f"M{tail[0]:g} {tail[1]:g}L{head[0]:g} {head[1]:g}")
    return Line(WIDTH, HEIGHT, "".join(solid), "".join(dashed), places[-1])
