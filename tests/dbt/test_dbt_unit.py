"""Every dbt unit test passes, and none is left out."""

from dbt_outcome import DbtSession

#: Behaviours that must have a unit test.
PROMISED = {
    "unvoting_is_a_negative_gain",
    "gap_of_days_carries_the_last_value_forward",
    "two_observations_in_one_minute_are_both_kept",
    "zero_upvotes_are_a_value",
    "paper_listed_on_a_second_date_has_two_listings",
    "day_ends_at_midnight_utc",
    "paper_seen_only_by_text_is_observed_with_null_upvotes",
    "entries_of_a_load_that_is_not_accepted_are_never_staged",
}


def test_every_unit_test_passes(dbt_session: DbtSession) -> None:
    failed = {
        result["name"]: result["message"]
        for result in dbt_session.results["unit"].values()
        if result["status"] != "pass"
    }
    assert not failed


def test_every_unit_test_of_the_project_ran(dbt_session: DbtSession) -> None:
    ran = set(dbt_session.results["unit"])
    assert ran == set(dbt_session.manifest["unit_tests"])
    assert len(ran) > 12


def test_promised_behaviours_have_a_unit_test(dbt_session: DbtSession) -> None:
    ran = {result["name"] for result in dbt_session.results["unit"].values()}
    assert ran >= PROMISED
