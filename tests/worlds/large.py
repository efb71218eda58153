"""The generated world: papers, their authors and how they change, as DuckDB tables and macros.

Everything is a function of the seed and of a paper's number. Papers are numbered from the newest backwards, so the
papers of a small world are the newest ones of a large one with the same seed: what grows is the past. The first
listing date in the tables has no observation yet: the "one more day" of the measurements.

The proportions were measured on real listings: 7 authors a paper in the median and 10 on average with a tail of
hundreds, a quarter of the author rows by people who are seen once, names that collide as unevenly as real ones,
13 % of the rows claimed, organizations on half of the papers, abstracts of 1.4 kB, 65 papers a list.
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb
import polars as pl

from tests.worlds.words import build_vocabulary, keyword_tail
from warehouse.keys import name_key

#: Papers on a list: evenly from the first to the second.
LIST_SIZES = (45, 85)
#: After this many papers every group and its people have been replaced by others.
CAREER = 40_000
#: Listing dates that a day's run observes (the product's default).
LOOKBACK = 7
#: Time of the daily observations (UTC).
OBSERVATION_TIME = time(20)

_MACROS = """
    -- A number from 0 to 1 that only depends on the key (below 2^57) and the salt (below 64).
    create or replace macro rnd(key, salt) as
        (hash(xor(cast((key) * 64 + (salt) as ubigint), hash({seed}))) >> 11) / 9007199254740992.0;
    create or replace macro pick(words, key, salt) as words[1 + cast(floor(len(words) * rnd(key, salt)) as bigint)];
    create or replace macro normal(key, salt) as
        sqrt(-2 * ln(rnd(key, salt) + 1e-12)) * cos(2 * pi() * rnd(key, salt + 1));
    create or replace macro hours(later, earlier) as date_diff('second', earlier, later) / 3600.0;
    create or replace macro hex(text, digits) as substr(md5(text), 1, digits);
    -- Content 1 at first, 2 after the summary and some claims came, 3 after a project page and more claims did; `age`
    -- is hours on the list.
    create or replace macro version_at(age, second_age, third_age) as
        1 + (second_age is not null and age > second_age)::int + (third_age is not null and age > third_age)::int;
    create or replace macro upvotes_at(age, final, tau, burst, burst_age, unvoted_age) as greatest(0, cast(
        floor(final * (1 - exp(-age / tau)))
        + case when age > burst_age then floor(burst * (1 - exp(-(age - burst_age) / 20.0))) else 0 end
        - coalesce((age > unvoted_age)::int, 0) as bigint));
    create or replace macro comments_at(age, final, tau) as
        cast(1 + floor(final * (1 - exp(-age / tau)) / 15) as bigint);
    create or replace macro stars_at(age, stars) as cast(floor(stars * (1 - exp(-age / 150.0))) as bigint);
"""

_PAPERS = """
    create or replace table world.papers as
    with placed as (
        select days.first_number + place as n, days.day_number, days.listing_date, place
        from world.days as days, unnest(range(days.size)) as places(place)
    ),

    drawn as (
        select
            *,
            strftime(listing_date, '%y%m') || '.' || lpad(cast(day(listing_date) * 1000 + place as varchar), 5, '0')
                as paper_id,
            -- Two thirds of a list are there at 08 UTC, nine tenths at the observation.
            listing_date + to_seconds(cast(floor(3600 * case
                when rnd(n, 1) < 0.64 then 8 * rnd(n, 2)
                when rnd(n, 1) < 0.92 then 8 + 12 * rnd(n, 2)
                else 20 + 3.99 * rnd(n, 2) end) as bigint)) as submitted_at,
            cast(listing_date as timestamp) - to_days(cast(1 + floor(3 * rnd(n, 3)) as int)) as published_at,
            cast(floor(exp(ln(9) + normal(n, 4))) as bigint) as final,
            12 + 50 * rnd(n, 6) as tau,
            case when rnd(n, 7) < 0.03 then 20 + floor(120 * rnd(n, 8)) else 0 end as burst,
            30 + 200 * rnd(n, 9) as burst_age,
            case when rnd(n, 10) < 0.004 then 40 + 100 * rnd(n, 11) end as unvoted_age,
            case when rnd(n, 12) < 0.35 then 10 + 50 * rnd(n, 13) end as second_age,
            case when rnd(n, 12) < 0.06 then 80 + 60 * rnd(n, 14) end as third_age,
            cast(floor(400 * pow(rnd(n, 15), 1.3)) as bigint) as slot,
            case when rnd(n, 16) < 0.025 then least(600, cast(floor(30 / pow(1 - rnd(n, 17), 0.7)) as bigint))
                else greatest(1, cast(round(exp(ln(7.2) + 0.52 * normal(n, 18))) as bigint)) end as team_size,
            case when rnd(n, 20) < 0.28 then floor(exp(2 + 1.6 * normal(n, 21))) end as stars,
            case when rnd(n, 23) < 0.5 then case
                when rnd(n, 24) < 0.8 then slot % 250 else 1000 + floor(20000 * pow(rnd(n, 25), 2)) end
            end::bigint as organization_number
        from placed
    )

    select *, (n + slot * 97) // {career} as generation from drawn;
"""

#: One person a paper at most; who is drawn again is left out, which makes some teams a little smaller.
_MENTIONS = """
    insert into world.mentions
    select n, row_number() over (partition by n order by min(seat)) as position, person
    from (
        select n, seat, case
            when kind < 0.58 and team_size <= 40
                then 1000000000000 + generation * 1000000 + slot * 1000 + floor(60 * pow(rnd(key, 2), 1.6))
            when kind < 0.75 then 2000000000000 + generation * 1000000 + floor(15000 * pow(rnd(key, 3), 1.5))
            else 3000000000000 + n * 1000 + seat end::bigint as person
        from (
            select n, slot, generation, team_size, seat, n * 1000 + seat as key, rnd(n * 1000 + seat, 1) as kind
            from world.papers, unnest(range(team_size)) as seats(seat)
            where n between $1 and $2
        )
    )
    group by n, person;
"""

_PEOPLE = """
    create or replace table world.people as
    with drawn as (
        select
            person,
            rnd(person, 30) < 0.62 as is_eastern,
            rnd(person, 31) < 0.62 as has_two_syllables,
            rnd(person, 32) as style,
            rnd(person, 33) < 0.3 as has_account
        from (select distinct person from world.mentions)
    )

    select
        person,
        is_eastern,
        case when is_eastern then pick(getvariable('eastern_families'), person, 34)
            else pick(getvariable('western_families'), person, 34) end as family,
        case when not is_eastern then pick(getvariable('western_given'), person, 35)
            else pick(getvariable('eastern_given'), person, 35) end as first_given,
        case when is_eastern and has_two_syllables then pick(getvariable('eastern_given'), person, 36) end
            as second_given,
        case when style < 0.86 then '' else '-' end as joint,
        style > 0.95 as has_capital_second,
        case when has_account then hex('account' || person, 24) end as account_id
    from drawn;
"""

_NAMES = """
    create or replace macro named(mention, is_eastern, family, first_given, second_given, joint, capital) as
        case when rnd(mention, 40) < 0.007 then upper(first_given[1]) || '.'
            when second_given is null then upper(first_given[1]) || first_given[2:]
            when rnd(mention, 41) < 0.04
                then upper(first_given[1]) || first_given[2:] || '-' || upper(second_given[1]) || second_given[2:]
            else upper(first_given[1]) || first_given[2:] || joint
                || case when capital then upper(second_given[1]) || second_given[2:] else second_given end
        end || ' ' || case when rnd(mention, 42) < 0.1 then strip_accents(family) else family end;

    -- Author rows of contents, as listed. The share of claimed rows grows from one version to the next.
    create or replace macro authors_between(first_number, last_number) as table
    select
        versions.n,
        versions.version,
        mentions.position,
        hex('row' || mentions.n || '/' || mentions.position, 24) as author_row_id,
        named(mentions.n * 1000 + mentions.position, is_eastern, family, first_given, second_given, joint,
            has_capital_second) as name,
        is_claimed,
        case when is_claimed then account_id end as account_id,
        case when is_claimed then lower(strip_accents(first_given || family)) || (people.person % 97) end
            as account_handle,
        case when is_claimed then first_given || ' ' || family end as account_name,
        case when not is_claimed then null when rnd(people.person, 43) < 0.8 then 'claimed_verified'
            else 'admin_assigned' end as status,
        case when is_claimed then papers.submitted_at + to_seconds(
            cast(30000 * rnd(mentions.n * 1000 + mentions.position, 44) as bigint)) end as status_changed_at
    from versions_between(first_number, last_number) as versions
    inner join world.papers as papers on versions.n = papers.n
    inner join world.mentions as mentions on versions.n = mentions.n
    inner join world.people as people on mentions.person = people.person,
    lateral (select account_id is not null
        and rnd(mentions.n * 1000 + mentions.position, 45) < 0.25 + 0.15 * versions.version as is_claimed) as claims
    where mentions.n between first_number and last_number;
"""

_CONTENTS = """
    -- Contents that an observation shows: of papers in a range of numbers, up to the last observation of each listing.
    create or replace macro versions_between(first_number, last_number) as table
    select n, version
    from (
        select
            papers.n, second_age, third_age, first_age,
            hours(first_observed_at, submitted_at) + {day} * (days.observations - 1) as last_age
        from (
            select
                *,
                listing_date + {first_time} as first_observed_at,
                hours(first_observed_at, submitted_at)
                    + case when submitted_at > first_observed_at then {day} else 0 end as first_age
            from world.papers where n between first_number and last_number
        ) as papers
        inner join world.days as days on papers.day_number = days.day_number
    ), unnest([1, 2, 3]) as versions(version)
    where version between version_at(first_age, second_age, third_age) and version_at(last_age, second_age, third_age);

    create or replace macro title_of(n) as
        replace(pick(getvariable('title_forms'), n, 50), '{{}}',
            pick(getvariable('title_heads'), n, 51) || '-' || upper(hex('t' || n, 3)));

    create or replace macro contents_between(first_number, last_number) as table
    select
        papers.n,
        versions.version,
        papers.paper_id,
        title_of(papers.n) as title,
        array_to_string(list_transform(range(9 + cast(floor(4 * rnd(papers.n, 52)) as int)),
            lambda k: pick(getvariable('sentences'), papers.n * 16 + k, 53)), ' ') as abstract,
        papers.published_at,
        papers.submitted_at,
        organization_number,
        case when not has_organization then null
            else hex('organization' || organization_number
                || case when rnd(papers.n, 54) < 0.06 then 'b' else '' end, 24)
        end as organization_id,
        case when has_organization
            then lower(strip_accents(replace(organization_form[2], '{{}}', organization_head))) end
            as organization_slug,
        case when has_organization then replace(organization_form[1], '{{}}', organization_head) end
            as organization_name,
        submitter,
        case when stars is not null then 'https://code.example.org/' || paper_id end as code_url,
        case when rnd(papers.n, 55) < 0.2 or versions.version = 3 then 'https://papers.example.org/' || paper_id end
            as project_url,
        case when has_summary then pick(getvariable('sentences'), papers.n, 56) end as ai_summary,
        case when has_summary then list_distinct(list_transform(range(4 + cast(floor(12 * rnd(papers.n, 57)) as int)),
            lambda k: case when rnd(papers.n * 16 + k, 58) < 0.5
                then pick(getvariable('keywords'), papers.n * 16 + k, 59)
                else pick(getvariable('modifiers'), papers.n * 16 + k, 60) || ' '
                    || pick(getvariable('title_heads'), papers.n * 16 + k, 61) || ' '
                    || pick(getvariable('kinds'), papers.n * 16 + k, 62) end)) end as ai_keywords,
        hex('discussion' || papers.n, 24) as discussion_id,
        'https://cdn.example.org/social-thumbnails/papers/' || paper_id || '.png' as thumbnail_url,
        rnd(papers.n, 63) < 0.3 as is_author_participating
    from versions_between(first_number, last_number) as versions
    inner join world.papers as papers on versions.n = papers.n,
    lateral (select
        organization_number is not null and (third_age is null or versions.version = 3 or rnd(papers.n, 48) < 0.5)
            as has_organization,
        case when second_age is null then rnd(papers.n, 46) < 0.92 else versions.version > 1 end as has_summary,
        pick(getvariable('organization_heads'), organization_number, 49) as organization_head,
        pick(getvariable('organization_forms'), organization_number, 50) as organization_form,
        cast(floor(3000 * pow(rnd(papers.n, 22), 2)) as bigint) as submitter) as facts
    where papers.n between first_number and last_number;
"""


def last_weekday(day: date) -> date:
    """The day, or the Friday before it."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def next_weekday(day: date) -> date:
    """The first weekday after the day."""
    return next(d for n in (1, 2, 3) if (d := day + timedelta(days=n)).weekday() < 5)


def newest_last_date(today: date) -> date:
    """The newest ``last_date`` of a world whose new day is not after ``today`` (UTC): the weekday before the newest."""
    return last_weekday(last_weekday(today) - timedelta(days=1))


class World:
    """A world of ``papers`` papers up to the list of ``last_date``, and the list of the weekday after it.

    ``observations``: the number of successive days on which each listing is observed, first on its own; ``last_date``
    is the day of the last observations. ``connection`` gets a schema ``world``, in the database ``catalog``.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        *,
        papers: int,
        observations: int,
        last_date: date,
        seed: int,
        list_sizes: tuple[int, int] = LIST_SIZES,
    ):
        self.connection = connection
        self.observations = observations
        self.last_date = last_weekday(last_date)
        self.new_date = next_weekday(self.last_date)
        self.days = self._number_days(papers, random.Random(f"benchmark days {seed}"), list_sizes)
        self.first_date = self.days[-1]["listing_date"]
        connection.execute("create schema if not exists world")
        self._register("world.days", pl.DataFrame(self.days))
        for name, words in build_vocabulary(seed).__dict__.items():
            connection.execute(f"set variable {name} = ?", [words])
        for name, words in zip(("modifiers", "nouns", "kinds"), keyword_tail(), strict=True):
            connection.execute(f"set variable {name} = ?", [list(words)])
        connection.execute(_MACROS.format(seed=seed))
        connection.execute(_PAPERS.format(career=CAREER))
        connection.execute("create or replace table world.mentions (n bigint, position bigint, person bigint)")
        self.numbers = self.days[-1]["first_number"] + self.days[-1]["size"]
        for first, last in self.ranges(100_000):
            connection.execute(_MENTIONS, [first, last])
        connection.execute(_PEOPLE)
        connection.execute(
            _CONTENTS.format(
                first_time=f"interval '20 hours' + interval {2 * (observations - 1)} seconds", day="(24 - 2 / 3600.0)"
            )
        )
        connection.execute(_NAMES)

    def ranges(self, size: int, first: int = 0) -> list[tuple[int, int]]:
        """Ranges of paper numbers (both ends included), oldest first, that cover the world from ``first`` on."""
        starts = range(first, self.numbers, size)
        return [(start, min(start + size, self.numbers) - 1) for start in reversed(starts)]

    def observation_days(self, listing_date: date) -> list[date]:
        """The days on which a listing is observed, up to the world's last."""
        days = (listing_date + timedelta(days=n) for n in range(self.observations))
        return [day for day in days if day <= self.last_date]

    def query(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a query on the world."""
        return self.connection.execute(sql, parameters or []).fetchall()

    def register_name_keys(self) -> None:
        """The table ``world.name_keys``: each name of an author row with the key that the product gives it."""
        self.connection.execute("create or replace table world.name_keys (name varchar, name_key varchar)")
        seen: set[str] = set()
        for first, last in self.ranges(100_000):
            names = [n for (n,) in self.query("select distinct name from authors_between(?, ?)", [first, last])]
            fresh = [name for name in names if name not in seen]
            seen.update(fresh)
            frame = pl.DataFrame({"name": fresh, "name_key": [name_key(name) for name in fresh]})
            self._register("world.name_keys", frame, append=True)

    def _number_days(self, papers: int, rng: random.Random, sizes: tuple[int, int]) -> list[dict[str, Any]]:
        days: list[dict[str, Any]] = []
        number, day = 0, self.new_date
        wanted = None
        while wanted is None or number < wanted:
            size = rng.randint(*sizes)
            if wanted is not None:
                size = min(size, wanted - number)
            # The newest listings are observed once more, on the new day.
            age = (self.new_date - day).days
            observations = age + 1 if age < LOOKBACK else len(self.observation_days(day))
            days.append(
                {
                    "day_number": len(days),
                    "listing_date": day,
                    "first_number": number,
                    "size": size,
                    "observations": observations,
                }
            )
            number += size
            wanted = wanted if wanted is not None else number + papers
            day = last_weekday(day - timedelta(days=1))
        return days

    def _register(self, table: str, frame: pl.DataFrame, *, append: bool = False) -> None:
        self.connection.register("new_frame", frame.to_arrow())
        what = f"insert into {table} select" if append else f"create or replace table {table} as select"
        self.connection.execute(f"{what} * from new_frame")
        self.connection.unregister("new_frame")


def first_observation_of(day: date) -> datetime:
    """The first observation of a day (UTC, without a zone, as the raw tables keep it)."""
    return datetime.combine(day, OBSERVATION_TIME)
