"""The vocabulary of the invented worlds: names, titles, keywords, sentences, organizations.

The sample (``month``, ``traps``) uses the lists as they are. The large world (``large``) draws from ``Vocabulary``: the
same titles and topics, further keywords and sentences, and names put together from syllables. Parts of those names are
as frequent as the resolver's statistics have them: the resolver counts an unknown word as a rare name, so people with
invented name parts in common would become one person, and the whole world one component.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from warehouse.resolution.names import is_pinyin, unumlaut
from warehouse.resolution.statistics import reference

#: (given names, family names) by the culture they imitate. The family names are invented.
PEOPLE: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("Yuling", "Haoran", "Zhi-Meng", "Xiaoqiu", "Wenjie", "Ru-Lan", "Tianqi", "Luoyang", "Beibei", "Sen"),
        ("Zhuai", "Qionglu", "Xunbo", "Huaimei", "Shuoyun", "Luanke", "Zheifan"),
    ),
    (
        ("Haruto", "Minako", "Sōta", "Kazuhiro", "Rin", "Ayame", "Tetsuo", "Nagisa"),
        ("Morikazawa", "Hoshigane", "Kurobane", "Tanazuka", "Fujimizo", "Aokigahama"),
    ),
    (
        ("Ji-Woon", "Seo-Byul", "Min-Ah", "Dohyeol", "Hae-Sol", "Tae-Gon"),
        ("Baeng", "Cheom", "Pyoen", "Gwoll", "Nhak"),
    ),
    (("Thuỳ Anh", "Quốc Bảo", "Minh Khuê", "Lan Vy"), ("Đặnh", "Nguyệnh", "Trầm Lê", "Phạnh")),
    (
        ("Aarushi", "Devansh", "Karthikey", "Meenal", "Prithvik", "Sanjoli", "Ishaan"),
        ("Varadkumbh", "Iyerwala", "Banerswami", "Chattoraja", "Reddigiri", "Pillaivar"),
    ),
    (
        ("Yasmeena", "Tarek", "Nour", "Idriss", "Layal", "Hamzah"),
        ("al-Zahrawan", "Ben Qasimou", "El Foulani", "Haddadine", "Mansourekh"),
    ),
    (
        ("Inés", "Álvaro", "Lucía", "Thiago", "Marisol", "Joaquín", "Renata"),
        ("Montalvero", "Peñarrubial", "Quintanosa", "da Silveiro", "Urrutegoiz"),
    ),
    (
        ("Åsa", "Jürgen", "Søren", "Maarten", "Liesel", "Eirik", "Tuuli"),
        ("Sjöqvarn", "Håkelund", "van der Meerkamp", "Müllenbrück", "Grønvåg", "Koskelahti"),
    ),
    (
        ("Zofia", "Bohdan", "Vojtěch", "Mirela", "Katarzyna", "Dragomir"),
        ("Kowalczewiak", "Žabrovský", "Petrovenko", "Drăgulescar", "Wiśnioch"),
    ),
    (
        ("Chidera", "Thandolwa", "Kwabena", "Amahle", "Folake", "Wanjirua"),
        ("Okonwale", "Mbekizwe", "Adeyombo", "Asantewiah", "Kiprotichu"),
    ),
    (
        ("Eleanor", "Tobias", "Maeve", "Rowan", "Philippa", "Gethin", "Sercan", "Despina"),
        ("O'Brannagh", "Thistlewood-Marr", "Ashgrovel", "Pendlemere", "Yıldırgan", "Papadakopou"),
    ),
)

NAME_HEADS = (
    "Lanternfish", "Thistle", "Marmot", "Cobble", "Sorrel", "Juniperry", "Saffronet", "Brambleway", "Gable",
    "Quincely", "Fennelo", "Tundrock", "Umberlin", "Yarrowe", "Kettle", "Wicker", "Plumbline", "Drizzle",
    "Nettle", "Barnacle", "Tinder", "Hazelip", "Mothwing", "Pumpernick", "Gosling", "Trellis", "Oxbow", "Wobble",
)  # fmt: skip
NAME_TAILS = ("Bench", "LM", "Net", "Former", "Agent", "Flow", "RL", "Tune", "VLA", "Cache", "Diff", "Voice")

#: (field, objects, keywords). Keyword variants of one idea stand in one tuple.
TOPICS: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]], ...] = (
    (
        "language models",
        ("Long Letters to Nobody", "Instruction Following in Noisy Kitchens", "Tables Nobody Sorted"),
        (
            ("large language model", "Large Language Models", "LLMs", "large language models (LLMs)"),
            ("instruction tuning", "Instruction-Tuning"),
            ("long-context", "long context", "Long Context Modeling"),
        ),
    ),
    (
        "reinforcement learning",
        ("Sparse Applause", "Verifiable Riddles", "Late and Partial Credit"),
        (
            ("reinforcement learning", "Reinforcement Learning", "RL"),
            ("GRPO", "Group Relative Policy Optimization", "group relative policy optimization (GRPO)"),
            ("reward model", "reward models", "Reward Modeling"),
        ),
    ),
    (
        "diffusion models",
        ("Shadows of Moving Bicycles", "Rainy Window Reflections", "Hand-Drawn Maps"),
        (
            ("diffusion models", "diffusion model", "Diffusion Models"),
            ("flow matching", "Flow-Matching"),
            ("text-to-image generation", "text-to-image", "T2I generation"),
        ),
    ),
    (
        "agents",
        ("Filling Forms That Change", "Booking Imaginary Ferries", "Asking Before Acting"),
        (
            ("LLM agents", "LLM-based agents", "large language model agents"),
            ("tool use", "tool-use", "Tool Use"),
            ("multi-agent systems", "multi-agent system", "Multi-Agent Systems"),
        ),
    ),
    (
        "vision-language models",
        ("Counting Umbrellas in Long Videos", "Reading Faded Shop Signs", "Charts Drawn Upside Down"),
        (
            ("vision-language models", "Vision Language Models", "VLMs", "vision-language model"),
            ("video understanding", "Video Understanding"),
            ("multimodal large language models", "MLLMs", "Multimodal LLMs"),
        ),
    ),
    (
        "robotics",
        ("Folding Wet Tents", "Gentle Grasps of Paper Cups", "Carrying Soup Upstairs"),
        (
            ("vision-language-action models", "VLA", "vision-language-action model"),
            ("imitation learning", "Imitation Learning"),
            ("sim-to-real transfer", "sim2real", "Sim-to-Real"),
        ),
    ),
    (
        "efficient inference",
        ("Forgetful Caches", "Four-Bit Weather", "Speculative Breakfasts"),
        (
            ("KV cache", "KV-cache", "key-value cache"),
            ("quantization", "Quantisation", "post-training quantization"),
            ("speculative decoding", "Speculative Decoding"),
        ),
    ),
    (
        "speech",
        ("Whispered Train Announcements", "Accents of Invented Islands", "Overlapping Dinner Talk"),
        (
            ("automatic speech recognition", "ASR", "Automatic Speech Recognition (ASR)"),
            ("text-to-speech", "TTS", "text to speech"),
            ("speech tokenizer", "speech tokenizers"),
        ),
    ),
    (
        "evaluation",
        ("Exams Without Answer Keys", "Polite Disagreement Between Judges", "Leaky Test Sets"),
        (
            ("LLM-as-a-judge", "LLM as a judge", "LLM-as-Judge"),
            ("benchmark contamination", "data contamination", "Data Contamination"),
            ("benchmark", "benchmarks", "Benchmarking"),
        ),
    ),
    (
        "retrieval",
        ("Footnotes That Point Back", "Libraries with Two Catalogues", "Half-Remembered Quotes"),
        (
            ("retrieval-augmented generation", "RAG", "Retrieval Augmented Generation"),
            ("dense retrieval", "Dense Retrieval"),
            ("reranking", "re-ranking"),
        ),
    ),
)
TITLE_FORMS = (
    "{name}: {object} with Patient {field_title}",
    "{name}: A Small Study of {object}",
    "{name}: Scaling {field_title} to {object}",
    "Towards {object}: {name} and What It Cannot Do",
    "{name}: What {field_title} Still Misses about {object}",
    "{name} Technical Report: {object}",
)
ABSTRACT_OPENINGS = (
    "Progress on {field} has been quick; progress on {object} has not.",
    "We ask what it takes for {field} to cope with {object}.",
    "Most work on {field} treats {object} as an afterthought.",
    "Why does work on {field} fail on {object}, and only on Tuesdays?",
)
ABSTRACT_MIDDLES = (
    "We present {name}, which splits the problem into a slow planner and a quick, forgetful executor.",
    "{name} replaces the usual objective with one that pays for being corrected early.",
    "Our method, {name}, keeps a short list of doubts and spends compute only on those.",
    "{name} is trained in two stages, first on easy imitations and then on its own mistakes.",
)
ABSTRACT_RESULTS = (
    "On {n} held-out tasks it improves over the strongest baseline by {p} points at {q} times lower cost.",
    "Across {n} settings the error falls by {p}\\%, and the gain holds for models from 0.{q}B to {n}B parameters.",
    "It needs {q} times fewer samples than the baseline and is {p}\\% better on the hardest of {n} splits.",
)
INVENTED_FIRST = "This paper is invented for a demo archive."
INVENTED_LAST = "Nothing here was measured: the paper is invented for the demo."
SUMMARY_FORMS = (
    "An invented study tries {name} on {object}, a corner of {field} (demo).",
    "{name}, an invented method, brings {field} closer to {object} (demo).",
)

#: Slots of a weighted word list: a uniform number picks a slot, a frequent word owns many of them.
SLOTS = 20_000

#: Syllables that the names of the large world are made of.
_INITIALS = (
    "zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "y", "w",
)  # fmt: skip
_FINALS = (
    "ai", "an", "ang", "ao", "ei", "en", "eng", "i", "in", "ing", "iu", "ong", "ou", "u", "un", "uan",
)  # fmt: skip
_EASTERN_GIVEN = [f"{a}{b}" for a in _INITIALS for b in _FINALS]
_HEADS = (
    "Bar", "Bel", "Cor", "Dal", "Dor", "El", "Fen", "Gar", "Hal", "Is", "Jor", "Kel", "Lor", "Mar", "Nor", "Or",
    "Pel", "Quin", "Ral", "Sar", "Tal", "Ul", "Ver", "Wel", "Yor", "Zan",
)  # fmt: skip
_MIDDLES = (
    "a", "an", "be", "di", "e", "en", "go", "i", "in", "ka", "la", "li", "lo", "ma", "mi", "na", "no", "o", "ra",
    "ri", "ro", "sa", "ta", "ti", "u", "va",
)  # fmt: skip
_TAILS = (
    "bek", "dal", "fosk", "gren", "hagen", "jorin", "kov", "lund", "mark", "nen", "off", "pelt", "rani", "sen",
    "skar", "tava", "tel", "udo", "vane", "wick", "yan", "zuri",
)  # fmt: skip
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
    sample_keywords = [form for _, _, groups in TOPICS for group in groups for form in group]
    combined = [f"{a} {b}" for a in _MODIFIERS for b in _NOUNS]
    rng.shuffle(combined)
    return Vocabulary(
        eastern_families=_shared_out({token.capitalize(): family[token] for token in eastern}),
        eastern_given=_shared_out({syllable: known.first[syllable] + 1 for syllable in _EASTERN_GIVEN}),
        western_families=_shared_out({**dict.fromkeys(rare_families, 1), **western_family}),
        western_given=_shared_out({**dict.fromkeys(rare_given, 1), **western_given}),
        sentences=[_sentence(rng) for _ in range(4_000)],
        keywords=_weighted([*sample_keywords, *combined], 0.9),
        title_heads=[f"{head}{tail}" for head in NAME_HEADS for tail in NAME_TAILS],
        title_forms=[
            form.format(name="{}", object=thing, field_title=field.title())
            for form in TITLE_FORMS for field, things, _ in TOPICS for thing in things
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
