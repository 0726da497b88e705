# SPDX-License-Identifier: Apache-2.0
"""What is at stake in the activities of a policy."""

from __future__ import annotations

from bascule.analysis.impact import OVERALL, Point
from bascule.analysis.stakes import Fallback, Stakes
from bascule.policy import Activity


def points_of(activity: Activity) -> tuple[Point, ...]:
    """Given an activity, return the points of its impact; a level that is given altogether stands under `overall`."""
    return tuple(
        Point(point.after_s, point.amount, {**({OVERALL: point.level} if point.level else {}), **point.levels})
        for point in activity.impact
    )


def stakes_of(activity: Activity) -> Stakes:
    """Given an activity, return what is at stake in it. A procedure of which nobody says how much work it gets done is
    counted as none.
    """
    written = activity.degraded
    fallback = Fallback(written.capacity, written.at_most_s) if written and written.capacity is not None else None
    return Stakes(points_of(activity), activity.hours, fallback, activity.need.mbco)
