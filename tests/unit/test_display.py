"""How listed texts are shown: TeX in titles, links to code, plurals."""

from __future__ import annotations

import random

import duckdb
import jinja2
import pytest
import yaml

from warehouse.digest.feeds import _html
from warehouse.digest.rendering import paper_view
from warehouse.digest.selection import Riser, gained
from warehouse.display import code_link, plural, readable_title
from warehouse.publication.table_macros import models_macros
from warehouse.report.words import FILTERS
from warehouse.settings import DBT_PROJECT

TITLES = {
    "Plain: A Title (2nd Part), 50% of It": "Plain: A Title (2nd Part), 50% of It",
    "Broken\n  Lines": "Broken Lines",
    "Mean~Shift by Juan~Example": "Mean Shift by Juan Example",
    "About ~5x (~10x) Faster": "About ~5x (~10x) Faster",
    r"100\% of C\# \& More": "100% of C# & More",
    "``Quoted'' and `single' Words": '"Quoted" and ‘single’ Words',
    "Do I look like a `cat.n.01` to you?": "Do I look like a `cat.n.01` to you?",
    r"$\alpha$-Net with $\mathcal{O}(n^2)$ Steps": "α-Net with O(n²) Steps",
    r"\emph{Fast} and \textbf{\textit{Nested}} {\bf Fonts}": "Fast and Nested Fonts",
    "R^textbf{2AI} and texttt{D}ual-texttt{H}eads": "R²AI and Dual-Heads",
    "A^2FM, X^{2}-Gaussian, FaSTA^* and 10^{12}": "A²FM, X²-Gaussian, FaSTA* and 10¹²",
    "The L_2 Norm of snake_case_2 Names": "The L₂ Norm of snake_case_2 Names",
    "From $5 to $10, under $0.1 or $10K-$20K": "From $5 to $10, under $0.1 or $10K-$20K",
    r"Cheap: \$5 per \{token\} of a\_name": "Cheap: $5 per {token} of a_name",
    r"G\"odel and Caf\'{e}s": "Gödel and Cafés",
    "CRAG -- A Benchmark for 3D--Views": "CRAG – A Benchmark for 3D–Views",
    r"{BERT}: \LaTeX\ and \ours{} with $\frac{1}{2}$": "BERT: LaTeX and ours with 1/2",
    "{{ 7 * 7 }} {% raw %} <b>Tags</b>": "{{ 7 * 7 }} {% raw %} <b>Tags</b>",
    r"$\sim$10$\times$ Faster, $\ell_1$ and $$x$$ at $5": "∼10× Faster, ℓ₁ and x at $5",
    r"$\rm BiT$ by \url{https://example.org} and \href{https://example.org}{Us}": "BiT by https://example.org and Us",
    "": "",
}


@pytest.mark.parametrize("listed", TITLES)
def test_tex_in_a_title_becomes_readable(listed: str) -> None:
    assert readable_title(listed) == TITLES[listed]


REPOSITORIES = {
    "https://github.com/some/thing and https://project.example": "github.com/some/thing",
    " https://github.com/some/thing\n(weights: https://github.com/some/weights)": "github.com/some/thing",
    "https://github.com/some/thing\u200b": "github.com/some/thing",
    "\ufeffhttps://github.com/some/\nthing": "github.com/some/thing",
    "https://github.com/../thing": None,
}


@pytest.mark.parametrize("listed", REPOSITORIES)
def test_a_code_link_is_the_first_of_several_and_has_no_characters_of_no_width(listed: str) -> None:
    macros = models_macros()
    with duckdb.connect() as connection:
        made = connection.execute(
            f"select {macros.repository_of('link', True)} from (select {macros.web_link('listed')} as link"
            " from (select ?::varchar as listed))",
            [listed],
        ).fetchall()
    assert made == [(REPOSITORIES[listed],)]


def test_models_and_readers_make_the_same_title_readable() -> None:
    """The rules are regular expressions of two engines: the same texts, and shuffled pieces of them, say the same."""
    chance = random.Random(5)
    pieces = [piece for title in TITLES for piece in (*title.split(), *title)] + ["\\", "$", "{", "}", "^", "_", "~"]
    texts = [*TITLES, *("".join(chance.choices([*pieces, " "], k=12)).strip() for _ in range(2000))]
    variables = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    macro = models_macros(**variables).display_title("title")
    with duckdb.connect() as connection:
        connection.execute("create table titles as select unnest(?::varchar[]) as listed", [texts])
        rows = connection.execute(
            rf"select title, {macro} from (select trim(regexp_replace(listed, '\s+', ' ', 'g')) as title from titles)"
        ).fetchall()
    assert [(title, made, readable_title(title)) for title, made in rows if made != readable_title(title)] == []


@pytest.mark.parametrize(
    ("listed", "link"),
    [
        ("https://github.com/some-one/a.repo", "https://github.com/some-one/a.repo"),
        ("http://www.GitHub.com/a/b/", "https://github.com/a/b"),
        (" https://gitlab.com/group/sub/name ", "https://gitlab.com/group/sub/name"),
        ("http://127.0.0.1:3000/graphql?query=mutation{terminateRun}", None),
        ("https://github.com@other.example/a/b", None),
        ("https://github.com:8443/a/b", None),
        ("https://github.com.other.example/a/b", None),
        ("https://other.example/github.com/a/b", None),
        ("https://user:secret@github.com/a/b", None),
        ("javascript:alert(1)//https://github.com/a/b", None),
        ("file:///etc/passwd", None),
        ("https://github.com", None),
        ("", None),
        (None, None),
    ],
)
def test_only_addresses_of_known_code_hosts_become_links(listed: str | None, link: str | None) -> None:
    assert code_link(listed) == link


def test_a_number_selects_the_form_of_the_noun() -> None:
    assert [f"{n} {plural(n, 'star')}" for n in (0, 1, 2, -1)] == ["0 stars", "1 star", "2 stars", "-1 star"]
    assert [plural(n, "entry", "entries") for n in (1, 2)] == ["entry", "entries"]


def _riser(**changed: object) -> Riser:
    values = dict.fromkeys(Riser.__dataclass_fields__) | {
        "paper_id": "2601.00001",
        "title": r"``Small'' Models at 100\% of $\alpha$",
        "gain": 1,
        "is_new": False,
        "gain_hours": 1.0,
        "upvotes": 1,
        "gain_observed": 1,
        "observed_hours": 1.0,
        "expected_upvotes": 3.0,
        "attention_rate": 0.5,
        "hf_url": "https://huggingface.co/papers/2601.00001",
        "authors": (),
        "matches": (),
    }
    return Riser(**values | changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("listed", "linked"),
    [
        ("https://github.com/a/b", True),
        ("http://127.0.0.1:3000/graphql?query=mutation{terminateRun}", False),
        ("https://github.com@other.example/a/b", False),
        ("https://intranet.example/a/b", False),
    ],
)
def test_digest_and_feeds_link_code_of_known_hosts_only(listed: str, linked: bool) -> None:
    assert ("code" in dict(paper_view(_riser(code_url=listed))["links"])) == linked


def test_a_feed_does_not_repeat_a_link_that_it_remembers_from_before() -> None:
    links = [("arXiv", "https://arxiv.org/abs/2601.00001"), ("code", "http://127.0.0.1:3000/graphql?query=mutation")]
    html = _html({"byline": "", "why": [], "links": links})
    assert "arxiv.org" in html and "127.0.0.1" not in html


def test_digest_and_feeds_show_readable_titles_and_one_of_a_thing_in_the_singular() -> None:
    view = paper_view(_riser())
    assert view["title"] == '"Small" Models at 100% of α'
    assert view["why"][0] == "+1 upvote in 1 hour, now 1." and "in 1 hour of observation" in view["why"][1]
    assert gained(_riser(gain=2, gain_hours=24.2, is_new=True)) == (
        "+2 upvotes in the 24 hours since it was first observed"
    )


def test_a_page_writes_one_of_a_thing_in_the_singular_and_titles_readably() -> None:
    templates = jinja2.Environment()
    templates.filters.update(FILTERS)
    text = "{{ title | title }}: {{ stars | count }} {{ stars | plural('star') }}"
    shown = [templates.from_string(text).render(title=r"Mean~Shift \& More", stars=stars) for stars in (1, 1200)]
    assert shown == ["Mean Shift & More: 1 star", "Mean Shift & More: 1,200 stars"]
