"""The vocabulary of the invented world. Word lists only; who uses them is decided in ``world``."""

from __future__ import annotations

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
