"""Invented entries of the real shapes, a fast HTTP client, and the way to the real listings."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sources.http import HttpClient, HttpLimits

_ENTRY: dict[str, Any] = {
    "paper": {
        "id": "2501.00001",
        "authors": [
            {
                "_id": "row-1",
                "user": {
                    "_id": "account-1",
                    "avatarUrl": "/a.svg",
                    "isPro": False,
                    "fullname": "Ada Inventa",
                    "user": "ada-inventa",
                    "type": "user",
                },
                "name": "Ada Inventa",
                "status": "claimed_verified",
                "statusLastChangedAt": "2025-04-02T08:00:00.000Z",
                "hidden": False,
            },
            {"_id": "row-2", "name": "Bruno Fingido", "hidden": False},
        ],
        "publishedAt": "2025-04-01T10:00:00.000Z",
        "submittedOnDailyAt": "2025-04-02T01:00:00.000Z",
        "submittedOnDailyBy": {
            "_id": "account-9",
            "fullname": "Carla Novela",
            "user": "carla",
            "isPro": False,
        },
        "title": "A Model That Was Never\n  Trained",
        "summary": "We invent everything.\nNothing is measured.",
        "upvotes": 0,
        "discussionId": "discussion-1",
        "githubRepo": "https://github.com/invented/model",
        "githubStars": 7,
        "ai_keywords": ["invention", "nothing"],
        "organization": {"_id": "org-1", "name": "invented", "fullname": "Invented Labs "},
    },
    "publishedAt": "2025-04-01T06:00:00.000Z",
    "title": "A Model That Was Never Trained",
    "numComments": 2,
    "isAuthorParticipating": True,
    "submittedBy": {"_id": "account-9", "fullname": "Carla Novela", "name": "carla", "followerCount": 3},
}


@pytest.fixture
def make_entry() -> Callable[..., dict[str, Any]]:
    """An invented entry; keyword arguments by path with ``__`` for dots, ``...`` removes the field."""

    def make(paper_id: str = "2501.00001", **changes: Any) -> dict[str, Any]:
        entry = copy.deepcopy(_ENTRY)
        entry["paper"]["id"] = paper_id
        for path, value in changes.items():
            *parents, last = path.split("__")
            target: Any = entry
            for name in parents:
                target = target[int(name)] if isinstance(target, list) else target[name]
            if value is ...:
                del target[last]
            else:
                target[last] = value
        return entry

    return make


@pytest.fixture
def fast_http() -> Iterator[HttpClient]:
    """A client that doesn't wait between requests and gives up soon."""
    limits = HttpLimits(
        min_interval=0, backoff=0.001, attempts=3, read_timeout=2, deadline=1, max_body=2**20, max_wait=2
    )
    with HttpClient(limits=limits) as http:
        yield http


@pytest.fixture(scope="session")
def real_listings(shared_data: Path) -> Path:
    """The folder of real listings; tests that need it are skipped where it is absent."""
    return shared_data / "listings"
