"""The resolver on invented papers: evidence joins mentions, constraints keep them apart, order changes nothing."""

import random
import time

import pytest

from warehouse.resolution import candidate_pairs, resolver
from warehouse.resolution.corpus import Corpus, Mention, Paper, coded
from warehouse.resolution.resolver import Decision, resolve


def _corpus(papers: list[list[str]], **more: object) -> Corpus:
    """Papers as lists of authors; ``accounts`` maps (paper, position) to an account."""
    accounts = more.get("accounts") or {}
    assert isinstance(accounts, dict)
    mentions = [
        Mention(f"p{k}#{i}", k, i, name, None, accounts.get((k, i)))
        for k, names in enumerate(papers)
        for i, name in enumerate(names, start=1)
    ]
    return Corpus([Paper(tuple(names), year=2026) for names in papers], mentions)


def _clusters(decisions: list[Decision]) -> dict[str, str]:
    return {d.mention_id: d.cluster for d in decisions}


FRIENDS = ["Quentin Abernathy", "Ottoline Vexley"]


def test_common_names_need_evidence_and_shared_coauthors_are_it() -> None:
    found = _clusters(
        resolve(
            _corpus([["Wei Zhang", *FRIENDS], ["Wei Zhang", *FRIENDS], ["Wei Zhang", "Igor Petrenko", "Ana Brito"]])
        )
    )
    assert found["p0#1"] == found["p1#1"]
    assert found["p2#1"] != found["p0#1"]


def test_a_rare_name_is_evidence_by_itself() -> None:
    found = _clusters(resolve(_corpus([["Zbigniew Quillfeather", "Ana Brito"], ["Zbigniew Quillfeather", "Wei Li"]])))
    assert found["p0#1"] == found["p1#1"]


def test_two_accounts_are_two_persons_and_one_account_is_one() -> None:
    papers = [["Wei Zhang", *FRIENDS], ["Wei Zhang", *FRIENDS]]
    two = _clusters(resolve(_corpus(papers, accounts={(0, 1): "x", (1, 1): "y"})))
    assert two["p0#1"] != two["p1#1"]
    one = _clusters(resolve(_corpus([["Wei Zhang", "A B"], ["Wei Zhang", "C D"]], accounts={(0, 1): "x", (1, 1): "x"})))
    assert one["p0#1"] == one["p1#1"]


def test_one_name_twice_on_a_paper_is_two_persons() -> None:
    found = _clusters(resolve(_corpus([["Mei Lin", "Mei Lin", *FRIENDS]])))
    assert found["p0#1"] != found["p0#2"]


def test_incompatible_names_stay_apart_whatever_they_share() -> None:
    found = _clusters(resolve(_corpus([["Jon Vexforth", *FRIENDS], ["John Vexforth", *FRIENDS]])))
    assert found["p0#1"] != found["p1#1"]


def test_a_decision_has_its_rule_its_partner_and_its_evidence() -> None:
    decisions = {d.mention_id: d for d in resolve(_corpus([["Wei Zhang", *FRIENDS], ["Wei Zhang", *FRIENDS]]))}
    decision = decisions["p1#1"]
    assert decision.rule == "same name + coauthors"
    assert decision.evidence["with"] == "p0#1"
    assert decision.evidence["log_odds"] > 0
    assert set(decision.evidence["shared_coauthors"]) == {"quentin abernathy", "ottoline vexley"}


def test_the_best_pair_that_stayed_apart_is_reported() -> None:
    papers = [["Wei Zhang", *FRIENDS], ["Wei Zhang", *FRIENDS]]
    decisions = {d.mention_id: d for d in resolve(_corpus(papers, accounts={(0, 1): "x", (1, 1): "y"}))}
    assert (decisions["p0#1"].near_mention_id, decisions["p0#1"].near_reason) == ("p1#1", "two accounts")


def _crowd(seed: int) -> list[list[str]]:
    """Papers of a few circles whose members share common names."""
    chance = random.Random(seed)
    given = ["Wei", "Jun", "Li", "Yang", "Anna", "Jo", "Joann", "J.", "Xiao-Ming", "Xiaoming", "William", "Bill"]
    family = ["Zhang", "Wang", "Smith", "Li", "Petrenko"]
    circles = [[f"{chance.choice(given)} {chance.choice(family)}" for _ in range(8)] for _ in range(12)]
    return [sorted(set(chance.sample(chance.choice(circles), 4))) for _ in range(150)]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_the_input_changes_nothing(seed: int) -> None:
    corpus = _corpus(_crowd(seed))
    order = list(range(len(corpus.papers)))
    chance = random.Random(seed)
    chance.shuffle(order)
    place = {old: new for new, old in enumerate(order)}
    mentions = [Mention(m.mention_id, place[m.paper], m.position, m.name) for m in corpus.mentions]
    chance.shuffle(mentions)
    papers = [corpus.papers[old] for old in order]
    shuffled = [
        Paper(tuple(chance.sample(p.authors, len(p.authors))), p.title, p.venue, p.keywords, p.year) for p in papers
    ]
    first = resolve(corpus)
    assert len({d.cluster for d in first}) < len(first)
    assert resolve(Corpus(shuffled, mentions)) == first


@pytest.mark.parametrize("affected", [1.0, 0.3])
def test_shared_items_are_the_same_by_matrix_product_and_by_pair(
    affected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(7)
    words = [f"{a}{b}" for a in ("gra", "lu", "mo", "ten", "vi") for b in ("ber", "dik", "for", "ling", "sat")]
    papers, mentions = [], []
    for k in range(60):
        names = ["Wen Li", chance.choice(["W. Li", "Li Wen", "Wenn Li"]), *chance.sample(words, 4)]
        several = [tuple(chance.sample(words, chance.randint(0, 3))) for _ in range(2)]
        papers.append(Paper(tuple(names), " ".join(several[0]), None, several[1], chance.choice([0, 2021, 2025])))
        for place, name in enumerate(names[:2], start=1):
            organization = chance.choice([None, "Institute of Vision", "Lab of Language", "Institute of Language"])
            mentions.append(Mention(f"p{k:02}#{place}", k, place, name, organization, chance.choice([None, None, "a"])))
    corpus = coded(Corpus(papers, mentions))
    corpus.is_affected[:] = [chance.random() < affected for _ in corpus.is_affected]
    decided = []
    for grid in (1, 10**9):
        monkeypatch.setattr(candidate_pairs, "MIN_GRID_PAIRS", grid)
        decided.append([decision for some in resolver.resolve_coded(corpus, processes=1) for decision in some])
    assert decided[0] == decided[1]
    assert {part for decision in decided[0] for part in decision.evidence} >= {
        *("coauthors", "title", "keywords", "organization", "years"),
    }


def test_mentions_of_other_names_change_nothing() -> None:
    papers = _crowd(3)
    alone = _clusters(resolve(_corpus(papers)))
    more = _clusters(resolve(_corpus([*papers, ["Zbigniew Quillfeather", "Ottoline Vexley"]])))
    assert {k: v for k, v in more.items() if k in alone} == alone


def _seconds(authors: int) -> float:
    """Resolving two papers of so many authors, whose names repeat each other's words."""
    chance = random.Random(authors)
    letters = "bcdfghklmnprstvz"
    words = ["".join(chance.choice(letters) + chance.choice("aeiou") for _ in range(3)) for _ in range(authors)]
    names = sorted({f"{chance.choice(words)} {chance.choice(words)}" for _ in range(authors)})
    corpus = _corpus([names, names[::-1]])
    spent = []
    for _ in range(3):  # the least of them is the work's own; the others are a busy machine's too
        begin = time.process_time()
        found = _clusters(resolve(corpus))
        spent.append(time.process_time() - begin)
        assert len(set(found.values())) < len(found)
    return min(spent)


def test_a_paper_of_thousands_costs_no_more_than_linear_work() -> None:
    _seconds(100)
    small, large = _seconds(826), _seconds(3303)
    assert large < 4 * small * 2 + 0.5, f"four times the authors took {large / small:.1f} times as long"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Charles Yoon", "Y. Charles"), ("Luo Yu", "Yu Luo"), ("Mike Wang", "Michael Wang"), ("Xu Chen", "Chen Xu")],
)
def test_long_author_lists_alone_merge_no_turned_or_short_name(one: str, other: str) -> None:
    def is_merged(names: tuple[str, str], shared: list[str], *sizes: int) -> bool:
        papers = [
            [name, *shared, *(f"Left{paper}x{n} Right{paper}x{n}" for n in range(size))]
            for paper, (name, size) in enumerate(zip(names, sizes, strict=True))
        ]
        found = _clusters(resolve(_corpus(papers)))
        return found["p0#1"] == found["p1#1"]

    for shared, *sizes in ((1, 8, 200), (2, 100, 200), (2, 200, 250)):
        assert not is_merged((one, other), ["Wei Wang", "Xin Liu"][:shared], *sizes), sizes
    assert is_merged((one, other), FRIENDS, 4, 4), "short lists are evidence"
    assert is_merged(("Zbigniew Quillfeather", "Quillfeather Zbigniew"), FRIENDS, 8, 200), "a rare name needs less"
    assert is_merged((other, other), FRIENDS, 8, 200), "the same name needs less"
