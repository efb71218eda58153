"""Invented words for the generated world: names that collide as real ones do, sentences, keywords, organizations.

Everything is put together from syllables by a seeded generator. Family names of the largest group are syllables
that the spelling of Mandarin allows and the language does not have, so that no real person is named; how few they
are and how unevenly used is what matters here.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from warehouse.sample import words

#: Slots of a weighted word list: a uniform number picks a slot, a frequent word owns many of them.
SLOTS = 20_000

_EASTERN_FAMILIES = [
    *(f"{a}{b}" for a in ("B", "P", "M", "F") for b in ("uai", "ue", "iong", "uo")),
    *(f"{a}{b}" for a in ("G", "K", "H") for b in ("iao", "iu", "ian", "ie", "iong")),
    *(f"{a}{b}" for a in ("J", "Q", "X") for b in ("ei", "ai", "ou", "uai", "uo")),
    *(f"{a}{b}" for a in ("Zh", "Ch", "Sh", "Z", "C", "S", "R") for b in ("iao", "ian", "iong", "ie", "iu")),
    *(f"{a}{b}" for a in ("D", "T", "N", "L") for b in ("uai", "ua")),
]
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
    families, given = _EASTERN_FAMILIES[:], _EASTERN_GIVEN[:]
    rng.shuffle(families)
    rng.shuffle(given)
    western_families = sorted({_word(rng) for _ in range(30_000)})
    rng.shuffle(western_families)
    western_given = sorted(
        {rng.choice(_HEADS) + rng.choice(_MIDDLES) + rng.choice(("n", "s", "l", "", "ra", "th")) for _ in range(2_000)}
    )
    rng.shuffle(western_given)
    sample_keywords = [form for _, _, groups in words.TOPICS for group in groups for form in group]
    combined = [f"{a} {b}" for a in _MODIFIERS for b in _NOUNS]
    rng.shuffle(combined)
    return Vocabulary(
        eastern_families=_weighted(families, 0.75),
        eastern_given=_weighted(given, 0.55),
        western_families=_weighted(western_families, 0.6),
        western_given=_weighted(western_given, 0.65),
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
    """``SLOTS`` slots, shared out by rank to the power of minus ``exponent``; every word has one at least."""
    ranked = list(ranked)[: SLOTS // 2]
    weights = [(rank + 1) ** -exponent for rank in range(len(ranked))]
    spare, total = SLOTS - len(ranked), sum(weights)
    slots = [word for word, weight in zip(ranked, weights, strict=True) for _ in range(1 + int(spare * weight / total))]
    return (slots + slots[: SLOTS - len(slots)])[:SLOTS]
