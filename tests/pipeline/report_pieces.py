"""Published files to write reports from: the demo's, one with hostile texts in every place, one with many papers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from tests.conftest import Papers
from warehouse.home import DEMO_MARKER
from warehouse.report import write_report
from warehouse.report.shards import read_script
from warehouse.settings import Settings

TITLE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
NAME = "Robert'); drop table raw.loads; -- \"><svg onload=alert(3)>"
ESCAPES = "\x1b[31mRed\x1b]0;owned\x07 \u202ederutpac"
ENDING = "</script><script>alert(4)</script>{{ 7 * 7 }}{% raw %}]]>"
LINK = "javascript:alert(5)//https://github.com/a/b"


@dataclass(frozen=True)
class Site:
    """A home with a published file and its report."""

    home: Path

    @property
    def settings(self) -> Settings:
        return replace(Settings(), home=self.home)

    @property
    def folder(self) -> Path:
        return self.home / "report"

    def rows(self, query: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        """Rows of a query on the published file."""
        with duckdb.connect(str(self.home / "papers.duckdb"), read_only=True) as connection:
            connection.execute("set schema = 'marts'")
            return connection.execute(query, list(parameters)).fetchall()

    def value(self, query: str, parameters: Any = ()) -> Any:
        """The only value of a query."""
        return self.rows(query, parameters)[0][0]

    def shard(self, kind: str, name: str) -> Any:
        """The value of a shard of the report."""
        return read_script((self.folder / "data" / kind / f"{name}.js").read_bytes())

    def papers(self) -> dict[str, dict[str, Any]]:
        """Every paper of the report's shards, by id."""
        shards = [self.shard("days", file.stem) for file in (self.folder / "data" / "days").iterdir()]
        return {paper["id"]: paper for shard in shards for paper in shard["papers"]}

    def change(self, *statements: str) -> Site:
        """Change the published file, as no pipeline would."""
        with duckdb.connect(str(self.home / "papers.duckdb")) as connection:
            connection.execute("set schema = 'marts'")
            for statement in statements:
                connection.execute(statement)
        return self

    def written(self) -> Site:
        """The same with its report."""
        write_report(self.settings)
        return self


def copy_of(demo: Papers, home: Path) -> Site:
    """The demo's published file in a home of its own."""
    home.mkdir(parents=True)
    for name in ("papers.duckdb", DEMO_MARKER):
        shutil.copyfile(demo.home / name, home / name)
    return Site(home)


def made_hostile(site: Site) -> Site:
    """Hostile texts wherever the source, a submitter or a saved file could put one."""

    def text(value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    riser = "(select max_by(paper_id, gain_24h) from rpt_paper_trends)"
    organization = f"(select organization_id from dim_papers where paper_id = {riser})"
    author = f"(select author_id from bridge_paper_authors where paper_id = {riser} and position = 1)"
    names, escapes, ending = text(NAME), text(ESCAPES), text(ENDING)
    return site.change(
        f"""update dim_papers set title = {text(TITLE)}, display_title = {text(TITLE)}, abstract = {ending},
            code_url = {text(LINK)} where paper_id = {riser}""",
        f"update dim_organizations set display_name = {names}, kind = {ending} where organization_id = {organization}",
        f"update organization_merges set listed_name = {escapes}, listed_slug = {ending}, "
        f"organization_id = {organization}",
        f"update dim_authors set display_name = {names}, account_handle = {ending}, name_count = 9, upvotes = 999999 "
        f"where author_id = {author}",
        f"""update author_merges set name_as_listed = {escapes}, rule = 'spelling name',
            evidence = json_object('log_odds', 3.5, 'shared_coauthors', [{ending}]) where author_id = {author}""",
        f"update dim_authors set display_name = {names}, account_handle = {ending} "
        "where author_id = (select max_by(author_id, paper_count) from dim_authors)",
        *(
            f"update {table} set keyword = {ending} where keyword = 'benchmark'"
            for table in ("dim_keywords", "bridge_paper_keywords", "rpt_keyword_trends")
        ),
        f"update rpt_keyword_trends set keyword = {text(TITLE)} "
        "where keyword = (select max_by(keyword, upvotes_gained) from rpt_keyword_trends "
        "where week = (select max(week) from rpt_keyword_trends) and papers_observed > 1)",
        f"update ops_quarantine set detail = {text(TITLE)}, record = {ending}, field_path = {names}",
        f"update ops_schema_drift set field_path = {text(TITLE)} where field_path = (select min(field_path) "
        "from ops_schema_drift where status <> 'steady')",
        f"""update ops_loads set verdict = 'rejected', verdict_by = 'gate', load_source = {ending},
            verdict_reason = {text(TITLE)} where load_number = 1""",
        f"""update ops_gate_results set is_passed = false, sample_values = {ending}
            where expectation = 'few_records_refused'""",
    )


def of_many(demo: Papers, home: Path, papers: int) -> Site:
    """A published file of ``papers`` invented papers, each with eight observations, seven authors of many, keywords."""
    home.mkdir(parents=True)
    tables = [
        name for (name,) in Site(demo.home).rows("select table_name from duckdb_tables() where schema_name = 'marts'")
    ]
    with duckdb.connect(str(home / "papers.duckdb")) as connection:
        connection.execute(f"attach '{demo.home / 'papers.duckdb'}' as demo (read_only)")
        connection.execute("create schema marts")
        connection.execute("set schema = 'marts'")
        for table in tables:
            small = table.startswith("ops_")
            connection.execute(f"create table {table} as from demo.marts.{table}" + ("" if small else " limit 0"))
        connection.execute(
            f"""create temp table made as
                select i, printf('%02d%02d.%05d', 24 + i // 9000, 1 + (i // 750) % 12, i % 100000) as paper_id,
                       date '2026-10-01' - (i // 25)::integer as listed, 5 + (i * 7919) % 180 as upvotes
                from range({papers}) as made(i)"""
        )
        for statement in _MANY:
            connection.execute(statement)
    return Site(home)


_MANY = (
    """insert into dim_papers by name
       select paper_id,
              'Invented Method ' || i || ' for Reading, Ranking and Rewriting Long Documents, Part ' || i % 7 as title,
              -- 200 words of 4,000, few of them in most texts, so that it is compressed as a real one is.
              list_aggregate(list_transform(range(200), lambda n: 'w' || (
                  substr(md5(cast(floor(4000 * pow((hash(i, n) % 100003) / 100003, 3)) as varchar)), 1,
                  (2 + hash(i, n) % 7)::integer))), 'string_agg', ' ') as abstract, listed as first_listed_on,
              1 as listing_count, 7 as author_count, upvotes, 3 as comments, 120 as github_stars,
              'https://github.com/invented/method-' || i as code_url, 'o' || i % 900 as organization_id
       from made""",
    """insert into rpt_paper_trends by name
       select paper_id, timestamp '2026-10-01 20:00' as as_of, listed as first_listed_on, upvotes,
              8 as observation_count, listed + interval 8 hour as first_observed_at,
              listed + interval 6 day + interval 20 hour as last_observed_at,
              upvotes - 2 as gain_observed, case when i < 200 then i % 40 end as gain_24h, 1.5 as velocity,
              i + 1 as velocity_rank, i + 1 as upvote_rank, 20.5 as expected_upvotes, 1.2 as attention_rate,
              (i % 25) / 24 as cohort_percentile, 25 as cohort_size, false as is_breakout
       from made""",
    """insert into fct_upvote_observations by name
       select paper_id, listed + to_hours(8 + 20 * n) as observed_at, 2 + (upvotes - 2) * n // 7 as upvotes
       from made cross join range(8) as looks(n)""",
    """insert into dim_authors by name
       select 'a' || n as author_id, 'Invented Given Name ' || n as display_name, 2 as paper_count, 1 as name_count,
              n % 900 as upvotes from range(3 * (select count(*) from made)) as people(n)""",
    """insert into bridge_paper_authors by name
       select paper_id, p + 1 as position,
              'a' || (i * 7919 + p * 104729) % (3 * (select count(*) from made)) as author_id,
              'Invented Given Name' as name_as_listed
       from made cross join range(7) as places(p)""",
    """insert into dim_organizations by name
       select 'o' || n as organization_id, 'Invented Institute of Methods ' || n as display_name, 'institute' as kind,
              case when n % 3 = 0 and n > 0 then 'o' || n // 3 end as parent_organization_id
       from range(900) as organizations(n)""",
    "insert into bridge_paper_organizations by name select paper_id, organization_id from dim_papers",
    """insert into rpt_organization_trends by name
       select 'o' || n as organization_id, date '2026-09-28' - 7 * w::integer as week, 3 as papers_listed,
              5 as papers_observed, n % 50 as upvotes_gained, n as rank_in_week,
              3 as family_papers_listed, 5 as family_papers_observed,
              n % 50 as family_upvotes_gained, n as family_rank_in_week
       from range(900) as organizations(n) cross join range(100) as weeks(w)""",
    """insert into rpt_author_trends by name
       select author_id, date '2026-09-28' - 7 * w::integer as week, 1 as papers_listed, 1 as papers_observed,
              upvotes as upvotes_gained, 1 as rank_in_week
       from dim_authors cross join range(6) as weeks(w)""",
    """insert into rpt_keyword_trends by name
       select 'keyword ' || k as keyword, date '2026-09-28' - 7 * w::integer as week, k % 9 as papers_listed,
              4 as papers_observed, k % 70 as upvotes_gained, 1 as rank_in_week
       from range(5000) as keywords(k) cross join range(30) as weeks(w)""",
    """insert into bridge_paper_keywords by name
       select distinct paper_id, 'keyword ' || (i * 31 + k * k * 977) % 5000 as keyword
       from made cross join range(9) as keywords(k)""",
    """insert into dim_keywords by name
       select keyword, count(*) as paper_count, 99 as upvotes from bridge_paper_keywords group by keyword""",
    """insert into fct_listings by name
       select listed as listing_date, paper_id, listed + interval 20 hour as last_observed_at from made""",
    """insert into rpt_period_papers by name
       select kind.period, date_trunc(kind.period, listed)::date as period_start, paper_id, listed as first_listed_on,
              row_number() over (
                  partition by kind.period, date_trunc(kind.period, listed) order by upvotes desc, listed, paper_id
              ) as rank, upvotes, upvotes - 2 as upvotes_gained
       from made cross join (values ('day'), ('week'), ('month'), ('year')) as kind(period)""",
    """insert into fct_paper_upvotes_daily by name
       select paper_id, observed_at::date as day, max(upvotes) as upvotes, 1 as gained, true as is_observed
       from fct_upvote_observations group by all""",
    """insert into related_papers by name
       select paper_id, lead(paper_id, n::integer, paper_id) over (order by paper_id) as related_paper_id,
              n as rank, .1 as score, 'invented term, method ' || n || ', long document' as shared_terms
       from made cross join range(1, 11) as places(n)""",
    """insert into author_merges by name
       select bridge.paper_id || '#' || position as mention_id, paper_id, position, name_as_listed, author_id,
              'same name + coauthors' as rule, '{"log_odds": 12.5}' as evidence
       from bridge_paper_authors as bridge""",
)
