"""The search in the report's page, in the system's Chromium: ranked as marts.search, led by keys, small to load."""

from __future__ import annotations

import random
import re
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import duckdb
import pytest
from report_pieces import ENDING, NAME, TITLE, Site, copy_of, made_hostile, of_many
from test_report_browser import Visit, only_files, visiting

from tests.conftest import Papers

_FIND = """async (query) => {
    try {
        const { papers } = await report.findPapers(query);
        const rows = await report.loadRows(papers);
        return rows.map((row, place) => [row[0], papers[place].score]);
    } catch (error) {
        if (!(error instanceof report.QueryError)) throw error;
        return error.message;
    }
}"""
#: The page does not compare stop words at the end of a phrase, so no phrase here ends with one.
QUERIES = (
    *("prompt tuning", "language models", "Language-Models", "mödel", "the", "of the", "zzyzx", "model model"),
    *('"language models"', '"language model"', '"the language model"', '"language models" library', '"a"', '"of the"'),
    *("model -language", 'model -"language model"', 'model -"models language"', "model -language-models"),
    *("model has:code", "model -has:code", "has:project", "-has:code has:abstract", "has:organization model"),
    *("after:2026-09-15", "model after:2026/9/20", "model before:2026-09-10", "after:2026-09-10 before:2026-09-12"),
    *("model after:yesterday", "model before:infinity", "model after:2026-02-30", "model has:money", "has:"),
    *("", "…", '"open', "-language", 'model author:"-"', "author:", 'a"b c"d', "unknown:field", '-author:"a b" model'),
)


@pytest.fixture(scope="module")
def site(demo: Papers, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return copy_of(demo, tmp_path_factory.mktemp("search") / "home").written()


def until(visit: Visit, condition: str, value: object = None) -> None:
    """Wait for a condition, a JavaScript function of the value. Playwright's own way needs eval, which the pages'
    policy forbids."""
    for _ in range(1000):
        if visit.page.evaluate(condition, value):
            return
        visit.page.wait_for_timeout(10)
    pytest.fail(f"{condition} of {value!r}: {visit.page.locator('main').inner_text()[:500]}")


def says(visit: Visit, text: str) -> None:
    until(visit, "text => document.querySelector('#found').textContent.includes(text)", text)


def opened(browser: Any, site: Site, query: str = "", look: str = "desktop-light") -> Visit:
    visit = visiting(browser, site, look)
    visit.open(f"search.html?q={quote(query)}")
    return visit


def ranked(site: Site, query: str) -> list[list[object]] | str:
    """What the macro answers: ids with scores, or the sentence of its error."""
    try:
        rows = site.rows("select paper_id, score from search(?) order by score desc, paper_id", [query])
    except duckdb.InvalidInputException as error:
        return str(error).removeprefix("Invalid Input Error: ")
    return [list(row) for row in rows]


def queries_of(site: Site) -> list[str]:
    """Queries of titles, abstracts and names of the file, so that most find something."""
    made = random.Random(7)
    texts = [text for row in site.rows("select title, abstract from dim_papers order by paper_id") for text in row]
    names = [name for (name,) in site.rows("select distinct name_as_listed from bridge_paper_authors order by 1")]
    organizations = [name for (name,) in site.rows("select display_name from dim_organizations order by 1")]
    stop_words = site.value("select list(distinct word) from (select unnest(['of', 'the', 'and', 'a']) as word)")

    def window(length: int) -> str:
        words = re.findall(r"\w+", made.choice(texts).lower())
        start = made.randrange(max(1, len(words) - length))
        found = words[start : start + length]
        while found and (found[-1] in stop_words or len(found[-1]) < 5):
            found.pop()
        return " ".join(found) or "model"

    return [
        *(window(length) for length in (1, 2, 3, 4, 5) for _ in range(6)),
        *(f'"{window(length)}"' for length in (1, 2, 3, 4) for _ in range(6)),
        *(f'{window(2)} -"{window(2)}"' for _ in range(6)),
        *(f'author:"{made.choice(names)}"' for _ in range(6)),
        *(f"org:{made.choice(organizations).split()[0]} {window(2)}" for _ in range(6)),
        *(f"{made.choice(names).split()[-1]} {window(1)}" for _ in range(6)),
    ]


def test_the_page_ranks_as_the_macro_does(browser: Any, site: Site) -> None:
    visit = opened(browser, site)
    compared = 0
    for query in [*QUERIES, *queries_of(site)]:
        found, expected = visit.page.evaluate(_FIND, query), ranked(site, query)
        if isinstance(expected, str):
            assert found == expected, query
            continue
        assert [paper for paper, _ in found] == [paper for paper, _ in expected], query
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=2e-6), query
        compared += len(expected) > 1
    assert compared > 80
    assert visit.problems == [] and only_files(visit)


def _accented() -> list[str]:
    """Letters of Latin and of scripts with vowel signs, each between others and with marks after it."""
    codes = [*range(0xC0, 0x250), *range(0x590, 0x1100), *range(0x3040, 0x3100)]
    known = [chr(code) for code in codes if unicodedata.ucd_3_2_0.category(chr(code)) not in ("Cn", "Co")]
    return [" ".join((f"a{c}b", f"{c}\u0301", f"e{c}\u093f")) for c in known]


def test_words_of_any_script_are_those_of_the_index(browser: Any, site: Site) -> None:
    from warehouse.publication.table_macros import search_macros

    visit = opened(browser, site)
    texts = [
        "Größe ŒUVRE ΟΔΟΣ İstanbul",
        "한국어 中文,日本",
        "ﬁne-tuning’s GPT-4o",
        "a\u00a0b\u2003c_d",
        "Ⅷ ½ ²x",
        "किरण शर्मा Mödel करण",
        "วิชัย ガ が שָׁלוֹם العَرَبِيَّة",
        "Łucja Sørvold Đỗ Æsa ẞ İı",
        *_accented(),
        "e\u0301t\u00e9",
    ]
    words = search_macros().search_words("text")
    with duckdb.connect() as connection:
        expected = [connection.execute(f"select {words} from (select ? as text)", [text]).fetchone() for text in texts]
        stems = ["models", "class", "bus", "thesis", "studies", "ties", "gas", "gpt4s", "as"]
        stem = search_macros().search_stem("word")
        of_stems = connection.execute(
            f"select list({stem} order by n) from (select unnest($1) as word, unnest(range(len($1))) as n)", [stems]
        ).fetchone()
    assert [(visit.page.evaluate("text => report.wordsOf(text)", text),) for text in texts] == expected
    assert (visit.page.evaluate("words => words.map(report.stemOf)", stems),) == of_stems


def test_results_are_reached_and_opened_by_keys_and_have_an_address(browser: Any, site: Site) -> None:
    title, author, organization = site.rows(
        """select title, any_value(authors.display_name), any_value(organizations.display_name)
           from dim_papers join bridge_paper_authors using (paper_id) join dim_authors as authors using (author_id)
           join dim_organizations as organizations using (organization_id)
           group by paper_id, title order by max(dim_papers.upvotes) desc limit 1"""
    )[0]
    visit = visiting(browser, site)
    page = visit.page
    visit.open("index.html")
    page.keyboard.press("/")
    page.keyboard.type("lanternfish / models")
    assert page.input_value("#find") == "lanternfish / models"
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    page.wait_for_selector("#results a")
    assert page.locator("#results mark").first.inner_text().lower().startswith(("lanternfish", "model"))
    page.keyboard.press("/")
    page.keyboard.type(title.upper())
    until(visit, "title => document.querySelector('#results a')?.textContent === title", title)
    for words in (title.upper(), author, organization):
        page.fill("#find", words)
        until(visit, "words => decodeURIComponent(location.search) === `?q=${words}`", words)
        until(visit, "title => document.querySelector('#results').textContent.includes(title)", title)
    shown = page.locator("#results a")
    page.focus("#find")
    for key, place in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0)):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.textContent") == shown.nth(place).inner_text()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.press("ArrowDown")
    opened_title = shown.first.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector("h1.long")
    assert page.locator("h1").inner_text() == opened_title
    page.go_back()
    page.wait_for_selector("#results a")
    assert page.input_value("#find") == organization and shown.first.inner_text() == opened_title
    assert visit.problems == [] and only_files(visit)


def test_what_is_not_shown_at_once_is_a_button_away(browser: Any, site: Site) -> None:
    visit = opened(browser, site, "model")
    total = site.value("select count(*) from search('model')")
    visit.page.wait_for_selector("#results a")
    assert visit.number("#found") == total > 40
    ids = [paper_id for paper_id, _ in ranked(site, "model")]
    titles = dict(site.rows("select paper_id, title from dim_papers"))
    for count in (20, 40):
        until(visit, "count => document.querySelectorAll('#results a').length === count", count)
        shown = visit.page.locator("#results a").all_inner_texts()
        assert shown == [titles[paper_id] for paper_id in ids[:count]]
        visit.page.click("#more")
    assert visit.problems == []


def test_a_search_that_finds_nothing_leads_on(browser: Any, site: Site) -> None:
    visit = opened(browser, site, "lanternfsih")
    visit.page.wait_for_selector("#advice a")
    assert visit.page.locator("#found").inner_text() == "No paper matches."
    assert "No paper has “lanternfsih”. Did you mean lanternfish" in visit.page.locator("#advice").inner_text()
    visit.page.click("#advice a")
    visit.page.wait_for_selector("#results a")
    assert visit.number("#found") == site.value("select count(*) from search('lanternfish')")
    visit.open(f"search.html?q={quote('lanternf')}")
    visit.page.wait_for_selector("#advice a")
    assert "lanternfish" in visit.page.locator("#advice").inner_text(), "the start of a word"
    visit.open(f"search.html?q={quote('lanternfish after:2126-01-01')}")
    visit.page.wait_for_selector("#advice a")
    assert "Without after:2126-01-01: " in visit.page.locator("#advice").inner_text()
    phrase = 'model "models language"'
    visit.open(f"search.html?q={quote(phrase)}")
    visit.page.wait_for_selector("#advice a")
    assert "Without quotation marks: " in visit.page.locator("#advice").inner_text()
    assert visit.page.locator("#advice a").first.inner_text() == "model models language"
    visit.open(f"search.html?q={quote('model has:money')}")
    says(visit, "has: knows")
    assert visit.problems == [] and only_files(visit)


def test_hostile_texts_and_queries_are_only_text(browser: Any, demo: Papers, tmp_path: Path) -> None:
    hostile = made_hostile(copy_of(demo, tmp_path / "home")).written()
    for file in (hostile.folder / "data" / "search").iterdir():
        script = file.read_text("utf-16")
        assert re.fullmatch(r'report\.addShard\("search","[a-z0-9]+",\d+,"[\u3400-\ub3ff]+"\);\n', script)
    visit = opened(browser, hostile, TITLE)
    visit.page.wait_for_selector("#results a")
    assert visit.page.locator("#results a").first.inner_text() == TITLE
    assert NAME in visit.page.locator("#results li").first.inner_text()
    for query in (ENDING, "<img src=x onerror=alert(6)> zzyzx", '"<b>', "__proto__ constructor", "\ud7ff\uffff " * 60):
        visit.page.fill("#find", query)
        until(visit, "query => decodeURIComponent(location.search) === `?q=${query}`", query)
        visit.page.wait_for_timeout(100)
    assert visit.page.locator("main img, main b, main script").count() == 0
    visit.open("search.html?q=%E0%A4%A&q=x")
    assert visit.page.locator("#found").inner_text() == "No paper matches."
    assert visit.problems == []


def test_a_missing_or_newer_file_is_one_sentence(browser: Any, demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home").written()
    visit = opened(browser, home)
    for file in (home.folder / "data" / "search").glob("t*.js"):
        file.rename(file.with_suffix(".gone"))
    visit.page.fill("#find", "lanternfish")
    says(visit, "A file of the search is missing: load this page again.")
    for file in (home.folder / "data" / "search").glob("t*.gone"):
        file.rename(file.with_suffix(".js"))
    visit.page.fill("#find", "lanternfishes lanternfish")
    visit.page.wait_for_selector("#results a")
    first = "(select min(paper_id) from dim_papers)"
    home.change(f"update dim_papers set paper_id = '0000.00001' where paper_id = {first}").written()
    visit.page.fill("#find", "tuning")
    says(visit, "The report was written again: load this page again.")


def test_the_index_is_written_again_when_a_text_or_a_name_changes(demo: Papers, tmp_path: Path) -> None:
    home = copy_of(demo, tmp_path / "home").written()

    def files() -> dict[str, int]:
        return {file.name: file.stat().st_ino for file in (home.folder / "data" / "search").iterdir()}

    first = files()
    home.change("update dim_papers set upvotes = upvotes + 1").written()
    second = files()
    same = {name for name in first if first[name] == second[name]}
    assert same == {name for name in first if re.fullmatch(r"(t\d+|index|words|facts)\.js", name)}
    one = "paper_id = (select min(paper_id) from dim_papers)"
    for change in (
        f"update dim_papers set abstract = abstract || ' lanternfishes' where {one}",
        f"update bridge_paper_authors set readable_name = 'Ada Lanternfishes' where {one} and position = 1",
        "update dim_organizations set slug = 'lanternfishes'",
    ):
        before = files()
        home.change(change).written()
        assert not {name for name, place in files().items() if before.get(name) == place}, change
    (home.folder / "data/search/t0.js").unlink()
    home.written()
    assert (home.folder / "data/search/t0.js").exists()


def test_a_query_over_twenty_thousand_papers_loads_little_and_answers_at_once(
    browser: Any, demo: Papers, tmp_path: Path
) -> None:
    """Abstracts of 150 words by Zipf's law, which real ones follow (https://doi.org/10.3758/s13423-014-0585-6)."""
    home = of_many(demo, tmp_path / "home", 20_000)
    home.change(
        "select setseed(.4)",
        # From the 12th place, where the words are as frequent as the first content words of listed papers.
        """create temp table drawn as
           select i, string_agg('w' || cast(floor(12 * exp(random() * ln(3000))) as int), ' ') as t
           from range(20000) as papers(i), range(150) group by i""",
        "create temp table numbered as select paper_id, row_number() over (order by paper_id) - 1 as i from dim_papers",
        """update dim_papers set abstract = t from drawn join numbered using (i)
           where numbered.paper_id = dim_papers.paper_id""",
    ).written()
    folder = home.folder / "data" / "search"
    assert sum(file.stat().st_size for file in folder.iterdir()) < 13 * 10**6
    for query in ("w12 w13 w14 w15 w16", "w12 method", '"w12 w13" has:code', "w777", "author:given w12 w3000", "w1x"):
        visit = opened(browser, home, query)
        loaded = {Path(unquote(url.split("?")[0].removeprefix("file://"))) for url in visit.asked if "/data/" in url}
        assert sum(file.stat().st_size for file in loaded) < 400_000, query
        milliseconds = visit.page.evaluate(
            """async (query) => {
                const times = [];
                for (let turn = 0; turn < 5; turn++) {
                    const started = performance.now();
                    await report.loadRows((await report.findPapers(query)).papers.slice(0, 20));
                    times.push(performance.now() - started);
                }
                return Math.min(...times);
            }""",
            query,
        )
        assert milliseconds < 100, query
        assert visit.problems == []
        visit.page.context.close()
