"""What an author row names: a person, several, a team or nobody; and what people write around names."""

import itertools
import time
import unicodedata

import pytest

from warehouse.keys import name_key, title_key, without_tex_letters
from warehouse.resolution import listed_names
from warehouse.resolution.listed_names import read_listed
from warehouse.resolution.names import coauthor_key, family_keys, fold, form_key, parse, relate

PERSON = "Mei Lin"


def _rule(one: str, other: str) -> str | None:
    relation = relate(parse(one), parse(other))
    return relation.rule if relation else None


@pytest.mark.parametrize(
    ("tex", "letters"),
    [
        (r"Luc\'{\i}a Ruiz", "Lucía Ruiz"),
        (r"Luc{\'\i}a Ruiz", "Lucía Ruiz"),
        (r"Luc\'ia Ruiz", "Lucía Ruiz"),
        (r"Ola S{\o}rvold", "Ola Sørvold"),
        (r"{\AA}smund Ek", "Åsmund Ek"),
        (r"Ann Wei{\ss}kopf", "Ann Weißkopf"),
        (r"{\L}ucja Nowak", "Łucja Nowak"),
        (r"Pawe\l Nowak", "Paweł Nowak"),
        (r"\O stergaard Ib", "Østergaard Ib"),
        (r"\v{S}ime Kova\v{c}i\'{c}", "Šime Kovačić"),
        (r"G\"{o}k\c{c}e \c Cal", "Gökçe Çal"),
        (r"P\'al Erd\H{o}s", "Pál Erdős"),
        (r"Nguy{\~{\^e}}n An", "Nguyễn An"),
    ],
)
def test_tex_s_commands_for_letters_are_the_letters(tex: str, letters: str) -> None:
    assert read_listed(tex).text == letters
    assert form_key(parse(tex)) == form_key(parse(letters))
    assert fold(tex) == fold(letters)
    assert name_key(tex) == name_key(letters)
    assert title_key(f"On {tex}") == title_key(f"On {letters}")


@pytest.mark.parametrize("mark", "`'^\"~=.")
@pytest.mark.parametrize("letter", "aeinouyAEINOUY")
def test_every_accent_of_tex_folds_to_its_letter(mark: str, letter: str) -> None:
    for text in (f"\\{mark}{letter}", f"\\{mark}{{{letter}}}", f"{{\\{mark}{letter}}}"):
        plain = unicodedata.normalize("NFD", without_tex_letters(text))[0]
        assert plain == letter
        assert fold(f"Ja{text}n Ek") == f"ja{letter.lower()}n ek"


def test_other_tex_is_left_to_those_who_know_it() -> None:
    assert without_tex_letters(r"$\alpha$ \textbf{x} \ldots 10\%") == r"$\alpha$ \textbf{x} \ldots 10\%"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("किरण शर्मा", "करण शर्मा"),  # Devanagari
        ("রিনা রায়", "রানা রায়"),  # Bengali
        ("கமல் ராஜ்", "கமலா ராஜ்"),  # Tamil
        ("నీల రావు", "నేల రావు"),  # Telugu
        ("วิชัย ใจดี", "วชัย ใจดี"),  # Thai
        ("သီရိ မောင်", "သရ မောင်"),  # Burmese
        ("ស៊ីថា សុខ", "សុថា សុខ"),  # Khmer
    ],
)
def test_vowel_signs_are_letters_outside_latin_greek_and_cyrillic(one: str, other: str) -> None:
    assert fold(one) != fold(other)
    assert name_key(one) != name_key(other)
    assert form_key(parse(one)) != form_key(parse(other))
    assert _rule(one, other) is None
    assert fold(one).count(" ") == 1, "a sign cuts no word"


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("name", ["किरण शर्मा", "José Ñandú", "ガ ビ", "김 민", "Й Петров", "Ἀρης Παπάς", "Nguyễn Thị"])
def test_composed_and_decomposed_letters_are_one_name(name: str, form: str) -> None:
    written = unicodedata.normalize(form, name)  # type: ignore[arg-type]
    assert fold(written) == fold(name)
    assert name_key(written) == name_key(name)


@pytest.mark.parametrize(
    ("accented", "plain"), [("José Ñandú", "jose nandu"), ("Йосиф Ёлкин", "иосиф елкин"), ("Ἀρης Παπάς", "αρησ παπασ")]
)
def test_accents_of_latin_greek_and_cyrillic_are_dropped(accented: str, plain: str) -> None:
    assert fold(accented) == plain


def test_invisible_characters_are_no_part_of_a_name() -> None:
    assert fold("Mei\u200d \u200eLin\ufeff") == fold(PERSON)
    assert fold("علی\u200cرضا") == fold("علیرضا")


@pytest.mark.parametrize(
    "listed",
    [
        *(
            f"{PERSON}{sign}"
            for sign in ("*", "†", " ‡", "§", "¹", "¹,²", "1", "1,2", " 1, 2", "1,2,*", " 12", " 🤖", "✉")
        ),
        *(
            f"{PERSON}{tex}"
            for tex in ("$^1$", "$^{1,2}$", "^{*}", r"$^\dagger$", r"\textsuperscript{1}", r"\thanks{Equal}")
        ),
        *(f"{PERSON}{title}" for title in (", Ph.D.", " PhD", ", MSc, PhD", ", M.D.", ", Senior Member, IEEE")),
        *(f"{title} {PERSON}" for title in ("Dr.", "Prof.", "Prof. Dr.", "Assoc. Prof.")),
        *(
            f"{PERSON}{rest}"
            for rest in (" et al.", ", et al", " and 25 more authors", " and others", ", +3 more", " and")
        ),
        *(
            f"{PERSON} {group}"
            for group in ("(MIT)", "（林梅）", "[1]", "(Lab (sub))", "(University of", "<sup>1</sup>")
        ),
        *(f"{PERSON}{at}" for at in (" <mei@x.org>", ", mei@x.org", " https://x.org/mei", " 0000-0002-1825-009X")),
        *(f"{PERSON}{at}" for at in (", University of Oslo", ", Dept. of Physics, MIT, Cambridge")),
        *(f"{start}{PERSON}" for start in ("and ", "& ", "1. ", "Author: ", "* ")),
        f"({PERSON})",
        "Mei&nbsp;Lin",
    ],
)
def test_what_people_write_around_a_name_is_no_part_of_it(listed: str) -> None:
    row = read_listed(listed)
    assert (row.kind, row.text, row.namesake) == ("person", PERSON, "")
    assert form_key(parse(listed)) == form_key(parse(PERSON))
    assert parse(listed).listed == listed


@pytest.mark.parametrize(
    "name",
    [
        "Thomas More",
        "Et Al Gore",
        "Kim B. A.",
        "Wang B.S.",
        "Kim, M.D.",
        "Md Rizwan Parvez",
        "Hal Daumé III",
        "Na Li",
        "Sammy Davis Jr.",
        "H.-J. Kim",
        "Simon S. Du",
        "O'Neil Ek",
        "Ortega y Gasset",
        "García López, María José",
        "Andy Ek",
        "Wil M. P. van der Aalst",
        "Anders And",
        "Nullah Ek",
        "Jean-Luc  Ek",
        "李 明",
        "Anonymous Wang",
    ],
)
def test_a_name_that_only_resembles_debris_stays_whole(name: str) -> None:
    row = read_listed(name)
    assert (row.kind, row.text) == ("person", " ".join(name.split()))


@pytest.mark.parametrize("name", ["Kimi K2", "Team Hunyuan3D", "GLM-4. 5 Team", "Baichuan-M2 Team", "MAI 2"])
def test_the_number_of_a_product_is_no_footnote(name: str) -> None:
    assert (read_listed(name).kind, read_listed(name).text) == ("team", name)


def test_numbers_of_dblp_are_no_part_of_a_name_and_tell_persons_apart() -> None:
    one, other, plain = parse("Wei Wang 0001"), parse("Wei Wang 0002"), parse("Wei Wang")
    assert one.units == other.units == plain.units == ("wei", "wang")
    assert read_listed("Wei Wang 0001").text == "Wei Wang"
    assert relate(one, other) is None
    assert _rule("Wei Wang 0001", "Wei  WANG 0001") == "same"
    assert _rule("Wei Wang 0001", "Wei Wang") == "spelling"
    assert len({form_key(one), form_key(other), form_key(plain)}) == 3
    assert len({coauthor_key(one), coauthor_key(other), coauthor_key(plain)}) == 3
    assert set(family_keys(one)) & set(family_keys(plain)), "they are compared"


NAMES = ("Mei Lin", "Ada B. Mo", "J. Smith", "Jean-Luc van Ek")


@pytest.mark.parametrize("names", [n for k in (2, 3, 4) for n in itertools.combinations(NAMES, k)])
@pytest.mark.parametrize("separator", [" and ", "; ", " & ", " / ", ", and "])
def test_several_persons_in_one_row_are_split(names: tuple[str, ...], separator: str) -> None:
    row = read_listed(separator.join(names))
    assert (row.kind, row.persons) == ("people", names)
    *most, last = names
    row = read_listed(f"{', '.join(most)} and {last}")
    assert (row.kind, row.persons) == ("people", names)
    assert parse(separator.join(names)).is_team, "the row itself is no person"


@pytest.mark.parametrize(
    ("listed", "persons"),
    [
        ("Mei Lin, Ada Mo, Jo Wu", ("Mei Lin", "Ada Mo", "Jo Wu")),
        ("J. Smith, K. Doe", ("J. Smith", "K. Doe")),
        ("Lin, Mei and Mo, Ada", ("Lin, Mei", "Mo, Ada")),
        ("Mei Lin*, Ada Mo*", ("Mei Lin", "Ada Mo")),
        ("Mei Lin1,2, Ada Mo2", ("Mei Lin", "Ada Mo")),
        ("Mei Lin¹, Ada Mo²", ("Mei Lin", "Ada Mo")),
        (r"Mei Lin$^{1,2}$, Ada Mo$^\dagger$", ("Mei Lin", "Ada Mo")),
        ("Mei Lin*, Senior Member, IEEE", None),
        ("Mei Lin1, Ph.D.", None),
        ("Mei Lin*, MIT Media Lab", None),
        ("Mei Lin, Ada Mo, and 25 more authors", None),
        ("Mei Lin*, Ada Mo, Jo Wu et al.", ("Mei Lin", "Ada Mo", "Jo Wu")),
    ],
)
def test_a_list_with_commas_is_split_where_it_shows_whole_names(listed: str, persons: tuple[str, ...] | None) -> None:
    assert (read_listed(listed).persons or None) == persons


@pytest.mark.parametrize(
    "listed", ["Alice and Bob", "Mei and Ada Lin", "Lin, Mei, Mo, Ada", "Johnson & Johnson", "Lin; Mo"]
)
def test_several_persons_that_cannot_be_told_apart_are_a_team(listed: str) -> None:
    assert read_listed(listed).kind == "team"
    assert parse(listed).is_team


@pytest.mark.parametrize(
    "listed", ["Lin, Mei", "Kim, J. H.", "Smith, John, Jr.", "John Smith, Jr.", "García López, María"]
)
def test_a_comma_after_a_surname_is_no_list(listed: str) -> None:
    assert read_listed(listed).kind == "person"


@pytest.mark.parametrize("given", ["Tianruo", "T.", "Jiaxin", "Vy Ngo", "Xiao-Yu"])
@pytest.mark.parametrize("case", [str, str.upper, str.lower])
def test_a_person_may_be_called_ai(given: str, case: type[str]) -> None:
    name = case(f"{given} Ai")
    assert read_listed(name).kind == "person" or (case is not str and given == "Vy Ngo")
    assert _rule("T. Ai", "Tianruo Ai") == _rule("T. An", "Tianruo An") == "initial"


@pytest.mark.parametrize(
    "listed",
    [
        "LG AI Research",
        "Inclusion AI",
        "MISTRAL AI",
        "mistral ai",
        "DeepSeek-AI",
        "Mistral-AI",
        "OpenAI",
        "EverestAI",
        "WanTeam",
        "Ling-Team",
        "Imagen-Team-Google",
        "Foundation AI Team",
        "Lanser Contributors",
    ],
)
def test_a_company_or_team_is_no_person(listed: str) -> None:
    assert read_listed(listed).kind == "team"
    assert parse(listed).is_team


@pytest.mark.parametrize(
    "listed",
    [
        "et al.",
        "et al",
        "Et al",
        "Anonymous",
        "ANONYMOUS AUTHORS",
        "Anonymous Author(s)",
        "(Anonymous)",
        "Unknown",
        "unknown author",
        "and 25 more authors",
        "25 more authors",
        "and 1 more author",
        "+3 more",
        "and others",
        "others",
        "N/A",
        "None",
        "null",
        "TBD",
        "匿名",
    ],
)
def test_a_placeholder_is_nobody_and_never_one_over_papers(listed: str) -> None:
    name = parse(listed)
    assert read_listed(listed).kind == "placeholder"
    assert relate(name, name) is None
    assert not family_keys(name)
    assert not coauthor_key(name), "it is no evidence as a co-author either"


@pytest.mark.parametrize("listed", ["🤖", "🤖🤖", "!!!", "…", "①", "42", "-", "* †", "½", "👩‍🔬", "1️⃣", "\u200b"])
def test_signs_alone_name_nobody(listed: str) -> None:
    name = parse(listed)
    assert read_listed(listed).kind == "placeholder"
    assert relate(name, name) is None
    assert form_key(name) == f"\0{listed}"
    assert name_key(listed)


@pytest.mark.parametrize(
    "text", ["", "   ", "\\", "{", "$^", "(", ",", "and", "0001", "\\'", "Mei " * 5000, "(" * 5000, "<" * 5000]
)
def test_any_text_is_read(text: str) -> None:
    row = read_listed(text)
    assert row.text == " ".join(row.text.split())
    assert read_listed(row.text).text == row.text
    parse(text)


def test_plain_names_are_read_the_same_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every combination of words that surround names, plain and not."""
    parts = [
        "Mei",
        "Lin",
        "J.",
        "M.",
        "D.",
        "Ai",
        "AI",
        "and",
        "Dr.",
        "PhD",
        "Ph.D.",
        "B.S.",
        "Jean-Luc",
        "Jr.",
        "Team",
        "Å",
        "al.",
    ]
    texts = [" ".join(words) for k in (1, 2, 3) for words in itertools.product(parts, repeat=k)]
    assert sum(map(listed_names._is_plain, texts)) > 200
    short = list(map(read_listed, texts))
    monkeypatch.setattr(listed_names, "_is_plain", lambda text: False)
    read_listed.cache_clear()
    differ = [
        (text, read_listed(text), one) for text, one in zip(texts, short, strict=True) if read_listed(text) != one
    ]
    read_listed.cache_clear()
    assert differ == []


@pytest.mark.parametrize(
    "text",
    [
        *(f"{start}{'1' * 40}{end}" for start in ("Mei ", "mei") for end in ("!", "X", "--", "")),
        *(f"Mei{piece * 1_000}!" for piece in (" 1", " 1a", ",1", ", PhD", "*1,", " and", " et al", "$^{", "\\~{")),
        *(piece * 2_000 for piece in ("é", "a@", "@b.", "<", "(", "{", "Dr. ", "- ")),
        "Mei Lin, " * 10_000,
    ],
)
def test_a_hostile_text_is_read_in_time(text: str) -> None:
    started = time.process_time()
    read_listed(text)
    assert time.process_time() - started < 2


def test_a_year_is_no_footnote() -> None:
    assert read_listed("Olympiad Mei 2023").kind == "team"
    assert read_listed("Mei Lin1,a").text == PERSON
