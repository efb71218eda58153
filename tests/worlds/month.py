"""Builds the ordinary month from a seed: organizations, people who write together, papers, daily lists.

Nothing odd on purpose is made here; that is ``traps``.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.worlds import words
from tests.worlds.records import (
    CALM_FROM,
    FIRST_DATE,
    Account,
    AuthorRow,
    Claim,
    Organization,
    Paper,
    Person,
    Placement,
    World,
    at,
    days,
)
from tests.worlds.timeline import Growth, Timeline

SEED = "daily papers demo archive, first edition"
#: How many papers a weekday lists in the end.
LIST_SIZES = (9, 10, 11, 11, 11, 12, 13, 13, 14, 16, 18)


class Mint:
    """Ids of the source's shape (24 hex digits), counted up around a marker, so never anybody's real id."""

    def __init__(self) -> None:
        self._count = 0

    def next(self) -> str:
        """The next id."""
        self._count += 1
        return f"6a95de00000de00000{self._count:06x}"


# --- organizations ------------------------------------------------------------------------------------

#: key, slug, full name. Labs follow their parents; oddities are listed in ``build_organizations``.
_ORGANIZATIONS = (
    ("northwind", "northwind-ai", "Northwind AI"),
    ("northwind-seed", "Northwind-Seed", "Northwind Seed"),
    ("marrowgate-1", "marrowgate-u", "Marrowgate University"),
    ("marrowgate-2", "MarrowgateUniversity", "Marrowgate University"),
    ("marrowgate-nlp", "marrowgate-nlp", "Marrowgate University NLP Group"),
    ("patience", "example-patience", "Example Institute of Patient Machines"),
    ("lanternquay", "lanternquay ailab", "lanternquay ailab "),
    ("lanternquay-2", "LanternquayAILab", "Lanternquay AI Lab"),
    ("saltmarrow", "saltmarrow-uni", "University of Saltmarrow"),
    ("saltmarrow-2", "univ-saltmarow", "Univeristy of Saltmarow"),
    ("pineshade", "PineshadeInstitute", "松影范例研究所"),
    ("pineshade-2", "pineshade-en", "Pineshade Example Institute"),
    ("quillonbrook", "quillonbrook", "Quillonbrook Institute of Technology"),
    ("quillonbrook-south", "quillonbrook-south", "Quillonbrook Institute of Technology (South Quay)"),
    ("quillon-vision", "QuillonbrookVision", "Quillonbrook Vision Lab"),
    ("kestrelmoor", "kestrelmoor", "Kestrelmoor"),
    ("kestrelmoor-research", "kestrelmoor-research", "Kestrelmoor Research"),
    ("guild", "teapot-guild", "The Open Teapot Guild"),
    ("copperhill", "copperhill-robotics", "Copperhill Robotics"),
    ("hvalfjell", "hvalfjell-universitet", "Hvalfjell Universitet"),
    ("ondara", "OndaraLabs", "Laboratorios Óndara"),
    ("speechworks", "Murmuration-Speech", "Murmuration Speech Works"),
)


def build_organizations(mint: Mint) -> dict[str, Organization]:
    """All organizations, with the renamed one and the slug that changed hands."""
    always = at(FIRST_DATE - timedelta(days=30), 0)
    organizations = {
        key: Organization(mint.next(), Timeline(((always, (slug, name)),)), has_avatar=key != "guild")
        for key, slug, name in _ORGANIZATIONS
    }
    renamed_at = at(date(2026, 9, 16), 5)
    organizations["tidewick"] = Organization(
        mint.next(),
        Timeline(((always, ("twnlp", "Tidewick NLP Group")), (renamed_at, ("OpenTidewick", "OpenTidewick Team")))),
    )
    for key, name in (("pebblemoor-old", "Pebblemoor Labs"), ("pebblemoor-new", "Pebblemoor Biologics")):
        organizations[key] = Organization(mint.next(), Timeline(((always, ("pebblemoor", name)),)))
    return organizations


# --- people -------------------------------------------------------------------------------------------

GROUPS, GROUP_SIZE = 34, 7


def fold(text: str) -> str:
    """Without combining marks."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def handle(name: str, number: int) -> str:
    """A login name for a person."""
    letters = "".join(c for c in fold(name).casefold() if c.isascii() and c.isalpha())
    return f"{letters[:12]}-demo{number}"


def _forms(rng: random.Random, name: str) -> tuple[str, ...]:
    """The usual form of a name and, for some people, how else it gets listed."""
    given, family = name.split(" ", 1)
    others = []
    if "-" in given:
        first, second = given.split("-", 1)
        others += [f"{first}-{second.lower()} {family}", f"{first}{second.lower()} {family}"]
    if fold(name) != name:
        others.append(fold(name))
    if rng.random() < 0.12:
        others.append(f"{given[0]}. {family}")
    if rng.random() < 0.05:
        others.append(f"{given} {rng.choice('ABDEKLMRST')}. {family}")
    return (name, *others)


def build_people(rng: random.Random, mint: Mint) -> list[list[Person]]:
    """Groups of people who write together; some share one culture's name pool, so names come close."""
    names = [f"{given} {family}" for givens, families in words.PEOPLE for given in givens for family in families]
    chosen = rng.sample(names, GROUPS * GROUP_SIZE)
    people = []
    for number, name in enumerate(chosen):
        account = None
        if rng.random() < 0.24:
            fullname = name if rng.random() < 0.7 else name.split()[0].lower()
            account = Account(mint.next(), handle(name, number), fullname, rng.random() < 0.15, rng.random() < 0.85)
        people.append(Person(_forms(rng, name), account))
    return [people[n : n + GROUP_SIZE] for n in range(0, len(people), GROUP_SIZE)]


# --- papers -------------------------------------------------------------------------------------------


@dataclass
class Builder:
    """The random stream, the id mint and what was built so far."""

    rng: random.Random
    mint: Mint
    organizations: dict[str, Organization]
    groups: list[list[Person]]
    used_titles: set[str] = field(default_factory=set)
    paper_count: int = 0

    def paper(self, day: date, submitted_at: datetime) -> Paper:
        """An ordinary paper, submitted at ``submitted_at`` to the list of ``day``."""
        rng = self.rng
        self.paper_count += 1
        published_on = day - timedelta(days=rng.choice((0, 1, 1, 1, 2, 2, 3, 4)))
        paper_id = f"{published_on:%y%m}.{90000 + self.paper_count:05d}"
        field_name, objects, keyword_pool = rng.choice(words.TOPICS)
        name, title, thing = self._title(field_name, objects)
        group = rng.randrange(len(self.groups))
        votes = self._votes(most=260 if day < CALM_FROM else 80)
        has_code = rng.random() < 0.5
        keywords = [rng.choice(variants) for variants in keyword_pool]
        for _, _, other_pool in rng.sample(words.TOPICS, rng.randrange(3)):
            keywords.append(rng.choice(rng.choice(other_pool)))
        summary_from = submitted_at + timedelta(hours=rng.randrange(1, 9))
        slug = fold(name).lower()
        organization = self._organization(group, day)
        ai_summary = rng.choice(words.SUMMARY_FORMS).format(name=name, field=field_name, object=thing)
        return Paper(
            paper_id=paper_id,
            title=title,
            abstract=Timeline(((submitted_at, self._abstract(name, field_name, thing)),)),
            published_on=published_on,
            authors=self._authors(group, submitted_at),
            growth=Growth(submitted_at - timedelta(minutes=20), votes, rng.uniform(9, 34)),
            submitter=self._submitter(group),
            discussion_id=self.mint.next(),
            organization=Timeline(((submitted_at, organization),) if organization else ()),
            repository=Timeline(
                ((submitted_at, f"https://github.com/example-{slug}-demo/{name}"),) if has_code else ()
            ),
            repository_by=rng.choice(("user", "auto")),
            project_url=f"https://{slug}.example.org/" if rng.random() < 0.3 else None,
            ai_summary=Timeline(((summary_from, ai_summary),) if rng.random() < 0.9 else ()),
            keywords=tuple(dict.fromkeys(keywords)) if rng.random() < 0.93 else (),
            media_url=f"https://media.example.org/{paper_id}/teaser.mp4" if rng.random() < 0.15 else None,
            has_thumbnail=rng.random() < 0.98,
            comments_per_vote=rng.uniform(0.0, 0.12),
            stars_per_vote=rng.choice((0.3, 1.0, 2.5, 9.0)),
        )

    def _title(self, field_name: str, objects: tuple[str, ...]) -> tuple[str, str, str]:
        """A method name, a title nobody has yet, and the thing it is about."""
        while True:
            name = self.rng.choice(words.NAME_HEADS) + self.rng.choice(words.NAME_TAILS)
            if name not in self.used_titles:
                break
        self.used_titles.add(name)
        thing = self.rng.choice(objects)
        form = self.rng.choice(words.TITLE_FORMS)
        return name, form.format(name=name, object=thing, field_title=field_name.title()), thing.lower()

    def _abstract(self, name: str, field_name: str, thing: str) -> str:
        rng = self.rng
        sentences = [
            rng.choice(words.ABSTRACT_OPENINGS).format(field=field_name, object=thing),
            rng.choice(words.ABSTRACT_MIDDLES).format(name=name),
            rng.choice(words.ABSTRACT_RESULTS).format(
                n=rng.randrange(3, 40), p=rng.randrange(2, 30), q=rng.randrange(2, 9)
            ),
        ]
        if rng.random() < 0.5:
            sentences.insert(0, words.INVENTED_FIRST)
        else:
            sentences.append(words.INVENTED_LAST)
        return (" " if rng.random() < 0.8 else "\n").join(sentences)

    def _votes(self, most: int) -> int:
        """Final upvotes: heavy-tailed, median about 11, some zeros, a few above 150."""
        rng = self.rng
        draw = rng.random()
        if draw < 0.06:
            return 0
        if draw > 0.955:
            return min(most - rng.randrange(25), int(90 * rng.paretovariate(1.1)))
        return max(1, min(most, 120, int(rng.lognormvariate(2.4, 0.8))))

    def _organization(self, group: int, day: date) -> Organization | None:
        """The group's organization, for somewhat more than half of the papers."""
        if self.rng.random() > 0.6:
            return None
        keys = list(self.organizations)
        key = keys[group % len(keys)]
        if key.startswith("pebblemoor"):
            key = "pebblemoor-old" if day < date(2026, 9, 14) else "pebblemoor-new"
        if key.startswith("marrowgate-") and key != "marrowgate-nlp":
            key = self.rng.choice(("marrowgate-1", "marrowgate-2"))
        return self.organizations[key]

    def _submitter(self, group: int) -> Account:
        """Somebody of the group with an account, else the demo's own curator."""
        accounts = [person.account for person in self.groups[group] if person.account]
        if accounts:
            return self.rng.choice(accounts)
        return Account("6a95de00000de00000ffffff", "demo-curator", "Demo Curator", False, True)

    def _authors(self, group: int, submitted_at: datetime) -> list[AuthorRow]:
        rng = self.rng
        pool = list(self.groups[group])
        if rng.random() < 0.35:
            pool += self.groups[(group + 1) % len(self.groups)]
        people = rng.sample(pool, min(len(pool), rng.choice((1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 9))))
        return [self.author(person, submitted_at) for person in people]

    def author(self, person: Person, submitted_at: datetime) -> AuthorRow:
        """A row for a person, under one of their forms; those with an account claim it before or after."""
        rng = self.rng
        name = person.forms[0] if rng.random() < 0.8 else rng.choice(person.forms)
        row = AuthorRow(self.mint.next(), name)
        if person.account and rng.random() < 0.6:
            claimed_at = submitted_at + timedelta(minutes=rng.randrange(-600, 3000))
            row.claim = self.claim(person.account, claimed_at)
        return row

    def claim(self, account: Account, claimed_at: datetime) -> Timeline[Claim]:
        """A claim from ``claimed_at``; some wait a day for verification."""
        claimed_at = claimed_at.replace(microsecond=0)
        if self.rng.random() < 0.25:
            verified_at = claimed_at + timedelta(hours=26)
            return Timeline(
                (
                    (claimed_at, Claim(account, "extracted_pending", claimed_at)),
                    (verified_at, Claim(account, "claimed_verified", verified_at)),
                )
            )
        status = self.rng.choice(("claimed_verified", "admin_assigned", "admin_assigned"))
        return Timeline(((claimed_at, Claim(account, status, claimed_at)),))

    def account(self, handle: str, fullname: str, id_key: str | None = "_id") -> Account:
        """A new account."""
        return Account(self.mint.next(), handle, fullname, False, True, id_key)


def _submission_times(rng: random.Random, day: date, count: int) -> list[datetime]:
    """When ``count`` papers enter the list of ``day``: 61-66 % before 08 UTC, all by the end of the day."""
    early = round(0.635 * count)
    noon = round(0.82 * count) - early
    evening = round(0.93 * count) - early - noon
    spans = (
        (0, 478, early),
        (482, 838, noon),
        (842, 1198, evening),
        (1202, 1438, count - early - noon - evening),
    )
    minutes = [rng.randrange(start, end) for start, end, how_many in spans for _ in range(how_many)]
    return [at(day, 0) + timedelta(minutes=m, seconds=rng.randrange(60)) for m in sorted(minutes)]


def build_ordinary_world() -> tuple[World, Builder]:
    """The month without its oddities, and the builder to go on with; the same on every call."""
    rng, mint = random.Random(SEED), Mint()
    builder = Builder(rng, mint, build_organizations(mint), build_people(rng, mint))
    listings: dict[date, list[Placement]] = {}
    for day in days():
        if day.weekday() >= 5:
            listings[day] = []
            continue
        times = _submission_times(rng, day, rng.choice(LIST_SIZES))
        listings[day] = [Placement(builder.paper(day, when), when) for when in times]
    return World(listings, builder.organizations), builder
