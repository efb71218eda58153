"""The oddities of the source, planted into the ordinary month where a reader (and a test) can find them.

``World.traps`` says which paper of which date shows what. Those that concern whole files (a repeated row, a
weekend's page, what is no listing) are in ``sample``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tests.worlds import words
from tests.worlds.month import GROUPS, Builder, handle
from tests.worlds.records import FIRST_DATE, LAST_DATE, AuthorRow, Paper, Placement, World, at
from tests.worlds.timeline import Burst, Growth, Timeline


@dataclass
class Planter:
    """Finds the paper to change and remembers where the oddity now is."""

    world: World
    builder: Builder

    def paper(self, trap: str, day: int, position: int) -> Paper:
        """The paper submitted as number ``position`` (from 0) of September ``day``, noted under ``trap``."""
        listing_date = date(2026, 9, day)
        paper = self.world.listings[listing_date][position].paper
        self.world.traps.setdefault(trap, []).append((listing_date, paper.paper_id))
        return paper

    def rename(self, paper: Paper, position: int, name: str) -> AuthorRow:
        """Give the author at ``position`` another name and no claim; add a row when there is none."""
        while len(paper.authors) <= position:
            paper.authors.append(AuthorRow(self.builder.mint.next(), name))
        row = paper.authors[position]
        row.name, row.claim = name, Timeline()
        return row


def plant(world: World, builder: Builder) -> None:
    """Change chosen papers of ``world``, so that every oddity occurs, and note where."""
    planter = Planter(world, builder)
    _plant_votes(planter)
    _plant_texts(planter)
    _plant_links(planter)
    _plant_names(planter)
    _plant_accounts(planter)
    _plant_changes(planter)
    _plant_second_listings(world)


def _plant_votes(planter: Planter) -> None:
    riser = planter.paper("late riser", 28, 3)
    riser.title = "Lanternfish-Riser: Small Models That Ask Before They Answer"
    riser.growth = Growth(
        riser.growth.start, 9, 14.0, burst=Burst(at(date(2026, 9, 29), 12), votes=520, half_hours=32.0)
    )
    for day, position, wait_hours in ((4, 2, 57), (16, 1, 49)):
        paper = planter.paper("late breakout", day, position)
        start = paper.growth.start + timedelta(hours=wait_hours)
        paper.growth = Growth(paper.growth.start, 6, 9.0, burst=Burst(start, votes=140, half_hours=9.0))
    for day, position in ((2, 2), (7, 3), (11, 2), (14, 3), (18, 2), (23, 2), (25, 1)):
        paper = planter.paper("unvoted", day, position)
        fallen_at = (paper.growth.start + timedelta(hours=70),)
        paper.growth = Growth(paper.growth.start, 12 + day, 8.0, unvoted_at=fallen_at)
    zero = planter.paper("zero upvotes", 3, 2)
    zero.growth = Growth(zero.growth.start, 0, 10.0)


def _plant_texts(planter: Planter) -> None:
    broken = planter.paper("line break in title", 1, 0)
    broken.title = "Kettle$^{2}$Net: Boiling $\\mathcal{O}(n \\log n)$ Attention\n  Down to a Cup"
    broken.abstract = Timeline(
        (
            (
                at(date(2026, 9, 1), 0),
                (
                    f"{words.INVENTED_FIRST} We study ``warm'' attention~\\cite{{nobody}} with\n"
                    "cost $\\mathcal{O}(n \\log n)$ and \\emph{no} loss, 12\\% faster; see \\url{https://example.org/k}."
                ),
            ),
        )
    )
    markup = planter.paper("markup in title", 8, 0)
    markup.title = '<b>Bold</b> Claims & "Quoted" Baselines: It\'s <i>Only</i> a Title'
    markup.abstract = Timeline(
        (
            (
                at(date(2026, 9, 8), 0),
                (
                    f'{words.INVENTED_FIRST} It says <script>void("harmless")</script>, a < b && b > c, &amp; and '
                    "\u201ccurly\u201d, a tab\there, and an emoji \U0001fad6."
                ),
            ),
        )
    )
    planter.paper("formula in title", 22, 1).title = "=SUM(1): Spreadsheets as a Reasoning Trace"


def _plant_links(planter: Planter) -> None:
    start = at(FIRST_DATE, 0)
    for name, day, position, url in (
        ("repo is an owner page", 2, 0, "https://github.com/example-copperhill-demo"),
        ("repo is a tree", 2, 1, "https://github.com/example-wicker-demo/WickerNet/tree/main/papers"),
        ("repo is not on GitHub", 3, 0, "https://code.example.org/kettle/kettle-net"),
    ):
        planter.paper(name, day, position).repository = Timeline(((start, url),))
    project = planter.paper("project page is a repo", 3, 1)
    project.repository = Timeline()
    project.project_url = "https://github.com/example-gable-demo/GableFlow"


#: One person, listed in several ways: trap name → (form, September day, position of the paper).
VARIANTS: dict[str, tuple[tuple[str, int, int], ...]] = {
    "dashes and case": (("Yu-Peng Zhuaiwen", 1, 1), ("Yu-peng Zhuaiwen", 4, 1), ("Yupeng Zhuaiwen", 9, 3)),
    "diacritics": (("Jürgen Müllenbrückner", 1, 2), ("Jurgen Mullenbruckner", 7, 1)),
    "initials": (
        ("Jasper Quill Ferrowmere", 1, 3),
        ("J. Q. Ferrowmere", 8, 2),
        ("Jasper Q. Ferrowmere", 15, 1),
    ),
    "glued": (("Ming-Luo Qiaorande", 3, 3), ("Ming-LuoQiaorande", 10, 3)),
    "TeX leftover": (("Inés-Manuel Quintanosa-Rúe", 4, 3), ("Inés-Manuel~Quintanosa-Rúe", 11, 1)),
    "stray quote": (("Sercan O. Yıldırganlı", 7, 2), ('Sercan "O. Yıldırganlı', 14, 1)),
    "family name first": (("Minako Hoshiganeda", 8, 3), ("Hoshiganeda Minako", 17, 1)),
    "apostrophe": (("Maeve O'Brannaghue", 9, 4), ("Maeve O\u2019Brannaghue", 17, 2)),
}


def _plant_names(planter: Planter) -> None:
    builder = planter.builder
    for trap, forms in VARIANTS.items():
        companion = builder.groups[len(planter.world.traps) % GROUPS][0].forms[0]
        for form, day, position in forms:
            paper = planter.paper(trap, day, position)
            planter.rename(paper, 0, form)
            planter.rename(paper, 1, companion)
    planter.rename(planter.paper("team as author", 14, 0), 0, "Copperhill Robotics Team")
    planter.rename(planter.paper("single token", 14, 2), 0, "Bohdanik")
    twins = planter.paper("same name twice", 15, 0)
    planter.rename(twins, 0, "Wenjie Xunbolan")
    planter.rename(twins, 1, "Wenjie Xunbolan")
    crowd = planter.paper("over 300 authors", 15, 2)
    people = [person for group in builder.groups for person in group]
    crowd.title = "A Very Crowded Technical Report: Everybody Held the Ladder"
    crowd.authors = [AuthorRow(builder.mint.next(), person.forms[0]) for person in people]
    for number in range(312 - len(people)):
        givens, families = words.PEOPLE[number % len(words.PEOPLE)]
        name = f"{givens[number % len(givens)]} {families[number % len(families)]}ius"
        crowd.authors.append(AuthorRow(builder.mint.next(), name))


def _plant_accounts(planter: Planter) -> None:
    builder = planter.builder
    early = at(date(2026, 8, 20), 9)
    shared = builder.account("dev-iyerwalan-demo", "Dev")
    for name, day, position in (("Devansh Iyerwalan", 10, 4), ("Dave Iyerwalan-Moss", 18, 0)):
        row = planter.rename(planter.paper("one account, two names", day, position), 0, name)
        row.claim = builder.claim(shared, early)
    for number, (day, position) in enumerate(((11, 0), (18, 1))):
        row = planter.rename(planter.paper("one name, two accounts", day, position), 0, "Xiaoqiu Luankeng")
        row.claim = builder.claim(builder.account(f"xq-luankeng-demo{number}", "Xiaoqiu Luankeng"), early)
    paper = planter.paper("two authors, one account", 21, 0)
    account = builder.account("amahle-lab-demo", "Amahle and friends")
    for position, name in enumerate(("Amahle Mbekizwena", "Tobias Ashgrovell")):
        planter.rename(paper, position, name).claim = builder.claim(account, early)
    for name, day, id_key, person in (
        ("account id under another key", 21, "id", "Layal Haddadinet"),
        ("account without id", 22, None, "Kwabena Okonwalet"),
    ):
        row = planter.rename(planter.paper(name, day, 2), 0, person)
        row.claim = builder.claim(builder.account(handle(person, day), person, id_key), early)


def _plant_changes(planter: Planter) -> None:
    """What differs between two captures of one paper."""
    builder = planter.builder
    organizations, start = builder.organizations, at(FIRST_DATE, 0)
    row = planter.rename(planter.paper("author claimed later", 9, 0), 0, "Renata Urrutegoizen")
    row.claim = builder.claim(builder.account("renata-urr-demo", "Renata Urrutegoizen"), at(date(2026, 9, 10), 10))
    northwind, seed = organizations["northwind"], organizations["northwind-seed"]
    planter.paper("organization added", 9, 1).organization = Timeline(((at(date(2026, 9, 10), 6), northwind),))
    planter.paper("organization removed", 9, 2).organization = Timeline(
        ((start, organizations["patience"]), (at(date(2026, 9, 11), 6), None))
    )
    planter.paper("organization changed", 10, 2).organization = Timeline(
        ((start, northwind), (at(date(2026, 9, 11), 6), seed))
    )
    for trap, day, position, key in (
        ("renamed organization", 14, 4, "tidewick"),
        ("slug before reuse", 8, 4, "pebblemoor-old"),
        ("slug after reuse", 21, 4, "pebblemoor-new"),
        ("two ids, first", 2, 3, "marrowgate-1"),
        ("two ids, second", 4, 0, "marrowgate-2"),
        ("untrimmed name", 7, 0, "lanternquay"),
        ("misspelled name", 11, 3, "saltmarrow-2"),
    ):
        planter.paper(trap, day, position).organization = Timeline(((start, organizations[key]),))
    paper = planter.paper("summary rewritten", 10, 0)
    old = paper.abstract.at(at(LAST_DATE, 0)) or ""
    rewritten_at = at(date(2026, 9, 11), 12)
    paper.abstract = Timeline(((start, old), (rewritten_at, f"{old} Version two corrects a table.")))
    paper.ai_summary = Timeline(
        (
            (start, "An invented first summary (demo)."),
            (rewritten_at, "A second, invented summary replaces the first (demo)."),
        )
    )
    planter.paper("repo removed", 10, 1).repository = Timeline(
        (
            (start, "https://github.com/example-vanishing-demo/vanishing"),
            (at(date(2026, 9, 12), 6), None),
        )
    )


def _plant_second_listings(world: World) -> None:
    for first, position, second in ((8, 1, 16), (22, 0, 24), (28, 3, 30)):
        paper = world.listings[date(2026, 9, first)][position].paper
        again = date(2026, 9, second)
        for day in (date(2026, 9, first), again):
            world.traps.setdefault("listed on two dates", []).append((day, paper.paper_id))
        world.listings[again].append(Placement(paper, at(again, 4, 17)))
        world.listings[again].sort(key=lambda placement: placement.submitted_at)
