"""Invented words for the generated world: names that collide as real ones do, sentences, keywords, organizations.

Everything is put together by a seeded generator, most of it from syllables. Parts of names are as frequent as the
resolver's statistics have them: it takes an unknown word for a rare name, so that people with invented names in common
would all be one person to it, and the whole world one component. Which part goes with which is drawn.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from warehouse.resolution.names import is_pinyin, unumlaut
from warehouse.resolution.statistics import reference
from warehouse.sample import words

#: Slots of a weighted word list: a uniform number picks a slot, a frequent word owns many of them.
SLOTS = 20_000

#: Syllables.
_EASTERN_GIVEN = [
    f"{a}{b}"
    for a in (
        "zh",
        "ch",
        "sh",
        "b",
        "p",
        "m",
        "f",
        "d",
        "t",
        "n",
        "l",
        "g",
        "k",
        "h",
        "j",
        "q",
        "x",
        "r",
        "z",
        "y",
        "w",
    )
    for b in ("ai", "an", "ang", "ao", "ei", "en", "eng", "i", "in", "ing", "iu", "ong", "ou", "u", "un", "uan")
]
_HEADS = [
    "Bar",
    "Bel",
    "Cor",
    "Dal",
    "Dor",
    "El",
    "Fen",
    "Gar",
    "Hal",
    "Is",
    "Jor",
    "Kel",
    "Lor",
    "Mar",
    "Nor",
    "Or",
    "Pel",
    "Quin",
    "Ral",
    "Sar",
    "Tal",
    "Ul",
    "Ver",
    "Wel",
    "Yor",
    "Zan",
]
_MIDDLES = [
    "a",
    "an",
    "be",
    "di",
    "e",
    "en",
    "go",
    "i",
    "in",
    "ka",
    "la",
    "li",
    "lo",
    "ma",
    "mi",
    "na",
    "no",
    "o",
    "ra",
    "ri",
    "ro",
    "sa",
    "ta",
    "ti",
    "u",
    "va",
]
_TAILS = [
    "bek",
    "dal",
    "fosk",
    "gren",
    "hagen",
    "jorin",
    "kov",
    "lund",
    "mark",
    "nen",
    "off",
    "pelt",
    "rani",
    "sen",
    "skar",
    "tava",
    "tel",
    "udo",
    "vane",
    "wick",
    "yan",
    "zuri",
]
_ACCENTS = str.maketrans({"o": "ö", "e": "é", "a": "á", "u": "ü"})
_SUBJECTS = (
    *("planners", "tokenizers", "retrievers", "annotators", "reward signals", "sparse experts", "small models"),
    *("video encoders", "speech decoders", "tool-using agents", "long contexts", "attention heads", "graph readers"),
    *("verifiers", "caches", "curricula", "world models", "text-to-image samplers", "quantized layers", "judges"),
)
_VERBS = (
    *("outgrow", "forget", "imitate", "compress", "contradict", "recover", "anticipate", "align", "ground", "rank"),
    *("distill", "smooth", "overfit", "disentangle", "replay", "calibrate", "segment", "retrieve", "mask", "steer"),
)
_OBJECTS = (
    *("the order of their inputs", "rare instructions", "the tail of the distribution", "noisy demonstrations"),
    *("conflicting evidence", "unlabelled footage", "multi-step arithmetic", "their own earlier answers"),
    *("maps with missing legends", "tables without headers", "accents never heard before", "half-finished programs"),
    *("questions that have no answer", "scenes lit from behind", "documents longer than a book", "cluttered kitchens"),
)
_MODIFIERS = (
    *("adaptive", "sparse", "hierarchical", "latent", "causal", "multi-modal", "zero-shot", "self-supervised"),
    *("neural", "token-level", "cross-modal", "long-horizon", "spectral", "iterative", "contrastive", "low-rank"),
)
_NOUNS = (
    *("attention", "alignment", "decoding", "distillation", "pruning", "planning", "routing", "retrieval"),
    *("segmentation", "reconstruction", "tokenization", "calibration", "preference", "memory", "grounding", "editing"),
)
_KINDS = ("benchmark", "model", "framework", "objective", "network", "dataset", "policy", "loss", "pipeline", "encoder")


@dataclass(frozen=True)
class Vocabulary:
    """Word lists by use. Lists of ``SLOTS`` are weighted; the others are drawn from evenly."""

    eastern_families: list[str]
    eastern_given: list[str]
    western_families: list[str]
    western_given: list[str]
    sentences: list[str]
    keywords: list[str]
    title_heads: list[str]
    title_forms: list[str]
    organization_heads: list[str]
    organization_forms: list[tuple[str, str]]


def build_vocabulary(seed: int) -> Vocabulary:
    """The same words for the same seed."""
    rng = random.Random(f"benchmark vocabulary {seed}")
    known = reference()
    first: Counter[str] = Counter()
    for token, count in known.first.items():
        first[unumlaut(token)] += count  # as the other tokens are told
    family = {token: count - first[token] for token, count in known.tokens.items() if len(token) > 1}
    eastern = {token for token in family if is_pinyin(token)}
    rare_families = {_word(rng) for _ in range(9_000)}
    rare_given = {
        rng.choice(_HEADS) + rng.choice(_MIDDLES) + rng.choice(("n", "s", "l", "", "ra", "th")) for _ in range(2_000)
    }
    western_family = {token.capitalize(): count for token, count in family.items() if token not in eastern}
    western_given = {token: count for token, count in known.first.items() if len(token) > 1 and not is_pinyin(token)}
    sample_keywords = [form for _, _, groups in words.TOPICS for group in groups for form in group]
    combined = [f"{a} {b}" for a in _MODIFIERS for b in _NOUNS]
    rng.shuffle(combined)
    return Vocabulary(
        eastern_families=_shared_out({token.capitalize(): family[token] for token in eastern}),
        eastern_given=_shared_out({syllable: known.first[syllable] + 1 for syllable in _EASTERN_GIVEN}),
        western_families=_shared_out({**dict.fromkeys(rare_families, 1), **western_family}),
        western_given=_shared_out({**dict.fromkeys(rare_given, 1), **western_given}),
        sentences=[_sentence(rng) for _ in range(4_000)],
        keywords=_weighted([*sample_keywords, *combined], 0.9),
        title_heads=[f"{head}{tail}" for head in words.NAME_HEADS for tail in words.NAME_TAILS],
        title_forms=[
            form.format(name="{}", object=thing, field_title=field.title())
            for form in words.TITLE_FORMS for field, things, _ in words.TOPICS for thing in things
        ],
        organization_heads=sorted({_word(rng) for _ in range(4_000)}),
        organization_forms=[
            ("{} University", "{}-university"), ("University of {}", "u{}"), ("{} AI", "{}-ai"), ("{} Labs", "{}labs"),
            ("{} Research", "{}-research"), ("{} Institute of Technology", "{}-tech"), ("{}", "{}"),
        ],
    )  # fmt: skip


def keyword_tail() -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Parts of the keywords that few papers share."""
    return _MODIFIERS, _NOUNS, _KINDS


def _word(rng: random.Random) -> str:
    word = rng.choice(_HEADS) + "".join(rng.choices(_MIDDLES, k=rng.choice((0, 1, 1, 2)))) + rng.choice(_TAILS)
    return word.translate(_ACCENTS) if rng.random() < 0.08 else word


def _sentence(rng: random.Random) -> str:
    first, second = rng.sample(_SUBJECTS, 2)
    opening = rng.choice(
        ("We show that", "In practice,", "Surprisingly,", "Across all settings,", "Given enough data,")
    )
    return (
        f"{opening} {first} {rng.choice(_VERBS)} {rng.choice(_OBJECTS)} while {second} {rng.choice(_VERBS)} "
        f"{rng.choice(_OBJECTS)}, by {rng.randint(2, 90)}.{rng.randint(0, 9)} points on {rng.randint(2, 40)} tasks."
    )


def _weighted(ranked: Iterable[str], exponent: float) -> list[str]:
    """Slots by rank to the power of minus ``exponent``."""
    return _shared_out({word: (rank + 1) ** -exponent for rank, word in enumerate(list(ranked)[: SLOTS // 2])})


def _shared_out(weights: Mapping[str, float]) -> list[str]:
    """``SLOTS`` slots, shared out by weight; every word has one at least, none has one whose weight is not positive."""
    ranked = sorted((word for word, weight in weights.items() if weight > 0), key=lambda word: (-weights[word], word))
    spare, total = SLOTS - len(ranked), sum(weights[word] for word in ranked)
    slots = [word for word in ranked for _ in range(1 + int(spare * weights[word] / total))]
    return (slots + slots[: SLOTS - len(slots)])[:SLOTS]
