# Five questions to a published file, as a marimo notebook: `pip install '.[notebook]'`, then
# `marimo edit docs/notebooks/explore.py -- --file warehouse/data/papers.duckdb`.
import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Daily Papers: five questions")


@app.cell
def _():
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo
    import polars as pl

    return Path, alt, duckdb, mo, pl


@app.cell
def _(Path, duckdb, mo, pl):
    file = Path(mo.cli_args().get("file") or "warehouse/data/papers.duckdb")
    mo.stop(not file.is_file(), f"There is no {file}: run `papers demo`, or give another with `-- --file PATH`.")

    def ask(query, **parameters):
        """The rows of a query as a polars frame. Each call opens the file, so it reads the newest publication."""
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.execute("set schema = 'marts'")
            return pl.from_arrow(connection.sql(query, params=parameters or None).to_arrow_table())

    return ask, file


@app.cell
def _(ask, file, mo):
    facts = ask("select count(*) as papers, max(as_of) as as_of from rpt_paper_trends").row(0, named=True)
    mo.md(f"""
    # Daily Papers: five questions

    `{file.name}` has {facts["papers"]:,} papers with upvotes, last observed {facts["as_of"]} UTC.

    Two things to know: a listing's day (`listing_date`) and the moment of an observation (`observed_at`) are two
    clocks, and a null means *not known*, never 0.
    """)
    return


@app.cell
def _(mo):
    top = mo.ui.slider(3, 20, value=10, label="papers")
    mo.vstack([mo.md("## 1. What rises fastest now?"), top])
    return (top,)


@app.cell
def _(alt, ask, top):
    rising = ask(
        """
        select paper_id, left(display_title, 60) as title, velocity
        from rpt_paper_trends join dim_papers using (paper_id)
        where velocity is not null order by velocity desc, paper_id limit $top
        """,
        top=top.value,
    )
    alt.Chart(rising, title="Upvotes per hour at the last observation").mark_bar().encode(
        x=alt.X("velocity", title="upvotes per hour"), y=alt.Y("title", sort="-x", title=None), tooltip=["paper_id"]
    )
    return (rising,)


@app.cell
def _(alt, ask, mo, rising):
    curves = ask(
        """
        select day, daily.upvotes, left(display_title, 40) as title
        from fct_paper_upvotes_daily as daily join dim_papers using (paper_id)
        where list_contains($papers, paper_id) order by day
        """,
        papers=rising["paper_id"].to_list()[:5],
    )
    chart = (
        alt.Chart(curves)
        .mark_line(point=True)
        .encode(x=alt.X("day", title=None), y=alt.Y("upvotes", title="upvotes"), color=alt.Color("title", title=None))
    )
    mo.vstack([mo.md("## 2. How did the first five of them get there?"), chart])
    return


@app.cell
def _(alt, ask, mo):
    keywords = ask(
        """
        with chosen as (
            select keyword from rpt_keyword_trends where upvotes_gained is not null
            group by keyword order by sum(upvotes_gained) desc, keyword limit 6
        )
        select week, keyword, upvotes_gained from rpt_keyword_trends
        where keyword in (from chosen) and upvotes_gained is not null order by week, keyword
        """
    )
    chart_of_keywords = (
        alt.Chart(keywords)
        .mark_line(point=True)
        .encode(
            x=alt.X("week", title="ISO week, by its Monday"),
            y=alt.Y("upvotes_gained", title="upvotes gained"),
            color=alt.Color("keyword", title=None),
        )
    )
    mo.vstack([mo.md("## 3. Which keywords gain most, week by week?"), chart_of_keywords])
    return


@app.cell
def _(alt, ask, mo):
    organizations = ask(
        """
        select display_name, count(*) as papers, median(upvotes) as median_upvotes
        from bridge_paper_families join dim_organizations using (organization_id) join dim_papers using (paper_id)
        where upvotes is not null group by display_name having count(*) >= 3
        order by median_upvotes desc, display_name limit 15
        """
    )
    chart_of_organizations = (
        alt.Chart(organizations)
        .mark_bar()
        .encode(
            x=alt.X("median_upvotes", title="median upvotes of a paper"),
            y=alt.Y("display_name", sort="-x", title=None),
            tooltip=["papers"],
        )
    )
    mo.vstack(
        [mo.md("## 4. Whose papers are upvoted most, of organizations with three or more?"), chart_of_organizations]
    )
    return


@app.cell
def _(alt, ask, mo):
    hours = ask(
        """
        select hour(submitted_at) as hour_utc, count(*) as papers, median(upvotes) as median_upvotes
        from dim_papers where submitted_at is not null and upvotes is not null group by hour_utc order by hour_utc
        """
    )
    chart_of_hours = (
        alt.Chart(hours)
        .mark_circle()
        .encode(
            x=alt.X("hour_utc", title="hour of submission (UTC)"),
            y=alt.Y("median_upvotes", title="median upvotes"),
            size=alt.Size("papers", title="papers"),
        )
    )
    mo.vstack([mo.md("## 5. Does the hour of submission matter?"), chart_of_hours])
    return


if __name__ == "__main__":
    app.run()
