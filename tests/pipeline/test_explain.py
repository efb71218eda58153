"""`papers explain` reads the ledgers of the published file back in words."""

from tests.conftest import Papers


def test_explain_author_by_id_by_mention_and_by_name(demo: Papers) -> None:
    with demo.published() as connection:
        mention, author, name = connection.execute(
            "select mention_id, author_id, name_as_listed from marts.author_merges "
            "where author_id in (select author_id from marts.author_merges group by 1 having count(*) > 1) order by 1"
        ).fetchall()[0]
    for asked in (mention, author):
        (person,) = demo("explain", "author", asked, "--json").facts
        assert person["author_id"] == author
        assert mention in [m["mention_id"] for m in person["mentions"]]
        assert all(m["rule"] and isinstance(m["evidence"], dict) for m in person["mentions"])
    assert author in [p["author_id"] for p in demo("explain", "author", name, "--json").facts]
    assert mention in demo("explain", "author", author, "--limit", "1000").out


def test_an_id_of_the_past_leads_to_the_person_of_today(demo: Papers) -> None:
    old, now = demo_pair = _redirect(demo)
    (person,) = demo("explain", "author", old, "--json").facts
    assert (person["redirected_from"], person["author_id"]) == demo_pair
    assert old in demo("explain", "author", old).out
    (direct,) = demo("explain", "author", now, "--json").facts
    assert direct["redirected_from"] is None


def _redirect(demo: Papers) -> tuple[str, str]:
    with demo.published() as connection:
        old, now = connection.execute(
            "select own_author_id, author_id from marts.author_merges where own_author_id <> author_id order by 1"
        ).fetchall()[0]
    return old, now


def test_explain_organization_by_id_slug_and_name(demo: Papers) -> None:
    with demo.published() as connection:
        listed, slug, name, own = connection.execute(
            "select listed_organization_id, listed_slug, listed_name, organization_id from marts.organization_merges "
            "order by 1"
        ).fetchall()[0]
    for asked in (listed, slug, name, own):
        found = demo("explain", "organization", asked, "--json").facts
        (facts,) = [f for f in found if f["organization_id"] == own]
        assert listed in [m["listed_organization_id"] for m in facts["listed_as"]]
    assert slug in demo("explain", "organization", own).out


def test_an_unknown_name_is_a_usage_error(demo: Papers) -> None:
    assert "No author is called" in demo("explain", "author", "Nobody Atall", expect=2).err
    assert "No organization is called" in demo("explain", "organization", "Nowhere", expect=2).err
