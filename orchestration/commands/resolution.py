"""`papers explain`, `papers review` and `papers evaluate`: the reasons of decisions, the doubtful decisions, and how
well the resolver and related papers do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.commands import console
from orchestration.commands.app import Home, Json, Verbose, settings_of
from warehouse.errors import InputError

app = typer.Typer()
PANEL = "Examine resolution"
explain = typer.Typer(
    name="explain",
    help="Why mentions, or organizations as listed, are one.",
    no_args_is_help=True,
)


@explain.command()
def author(
    who: Annotated[str, typer.Argument(help="An author id, a mention id (paper#position) or a name.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many mentions of a person to show.")] = 30,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Why mentions are one person: the facts that decided, then rule and evidence in numbers."""
    from warehouse.publication.explain import explain_author

    persons = explain_author(settings_of(home), who)
    if as_json:
        console.print_json(persons)
        return
    for person in persons:
        _print_author(person, limit)


@explain.command()
def organization(
    what: Annotated[str, typer.Argument(help="An organization id, a slug or a name.")],
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """What an organization is listed as, why these are the same, and what it is part of."""
    from warehouse.publication.explain import explain_organization

    organizations = explain_organization(settings_of(home), what)
    if as_json:
        console.print_json(organizations)
        return
    for facts in organizations:
        _print_organization(facts)


#: The columns of `papers review --csv`: those of an override, then what a person needs to decide.
_REVIEW_COLUMNS = (
    *("action", "mention_id", "author_id", "reason", "decision", "log_odds", "name", "other_name", "title"),
    *("other_title", "hf_url", "other_hf_url", "other_mention_id"),
)


@app.command(rich_help_panel=PANEL)
def review(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many decisions to show.")] = 50,
    as_csv: Annotated[
        bool,
        typer.Option("--csv", help="Write lines for overrides/author_overrides.csv: fill in merge or split as action."),
    ] = False,
    home: Home = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Show the most doubtful merges of authors, and the pairs that stayed apart by the least."""
    from warehouse.publication.explain import doubtful_decisions

    if as_csv and as_json:
        raise InputError("Give --csv or --json, not both.")
    decisions = doubtful_decisions(settings_of(home), limit)
    if as_json:
        console.print_json(decisions)
        return
    if as_csv:
        console.print_csv(_REVIEW_COLUMNS, [[row.get(column) for column in _REVIEW_COLUMNS] for row in decisions])
        return
    columns = ["decision", "log_odds", "name", "other_name", "reason", "mention_id", "author_id"]
    console.print_table(columns, [[row[column] for column in columns] for row in decisions])


@app.command(rich_help_panel=PANEL)
def evaluate(
    file: Annotated[
        Path | None,
        typer.Argument(help="Labelled mentions as JSON Lines, or a public set as it comes (docs/resolution.md)."),
    ] = None,
    related: Annotated[
        Path | None,
        typer.Option("--related", help="Measure related papers on this set instead (docs/query.md#related-papers)."),
    ] = None,
    hide_accounts: Annotated[
        bool, typer.Option("--hide-accounts", help="Resolve without the claimed accounts.")
    ] = False,
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions",
            help="Write mention_id and author_id of every mention here; with --related query, id and score.",
        ),
    ] = None,
    home: Annotated[Path | None, typer.Option("--home", hidden=True)] = None,  # as everywhere; nothing is read there
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Measure the resolver on a labelled set: B-cubed and pairwise precision, recall, F1. Or related papers: NDCG."""
    from warehouse.resolution.evaluation.evaluate import evaluate_file

    if (file is None) == (related is None) or (related and hide_accounts):
        raise InputError("Give a set of labelled mentions, or --related SET alone.")
    if file is None:
        assert related is not None
        _evaluate_related(related, predictions, as_json)
        return
    try:
        measured = evaluate_file(file, hide_accounts=hide_accounts, predictions=predictions)
    except OSError as error:
        raise InputError(f"{error.filename} can't be written ({error.strerror}).") from None
    facts = measured.facts()
    if as_json:
        console.print_json(facts)
        return
    if not facts["mentions"]:
        raise InputError(f"{file} names no person: there is nothing to score (--json and --predictions still answer).")
    rows = []
    for what in ("overall", "macro"):
        score = facts[what]
        for kind, prefix in (("B-cubed", "b3"), ("pairwise", "pairwise")):
            values = [round(score[f"{prefix}_{part}"], 4) for part in ("precision", "recall", "f1")]
            rows.append(["all mentions" if what == "overall" else "mean over blocks", kind, *map(str, values)])
    console.print_table(["", "score", "precision", "recall", "F1"], rows)
    console.print_line(
        f"{facts['mentions']} of {facts['resolved_mentions']} mentions scored: {facts['persons']} persons, "
        f"{facts['clusters']} found, {facts['blocks']} block(s), {facts['seconds']} s."
    )


def _evaluate_related(file: Path, predictions: Path | None, as_json: bool) -> None:
    from warehouse.search.evaluation import evaluate_related

    try:
        measured = evaluate_related(file, predictions)
    except OSError as error:
        raise InputError(f"{error.filename} can't be written ({error.strerror}).") from None
    facts = measured.facts()
    if as_json:
        console.print_json({"file": str(file), **facts})
        return
    console.print_line(
        f"NDCG of the first 20 % of each pool: {measured.mean_ndcg:.4f} "
        f"({facts['queries']} queries, {facts['candidates']} candidates)."
    )


def _print_author(person: dict[str, Any], limit: int) -> None:
    plain = console.plain
    console.print_line(
        f"{plain(person['display_name'])} ({person['author_id']}): {person['paper_count']} paper(s)"
        + (f", account {plain(person['account_handle'])}" if person["account_handle"] else ""),
    )
    if person["redirected_from"]:
        console.print_line(f"{person['redirected_from']} was merged into it.")
    rows = [
        [m["mention_id"], m["name_as_listed"], "; ".join(m["facts"]), m["account_id"], m["rule"], _words(m["evidence"])]
        for m in person["mentions"][:limit]
    ]
    console.print_table(["mention", "listed as", "why", "account", "rule", "evidence"], rows)
    if len(person["mentions"]) > limit:
        console.print_line(f"and {len(person['mentions']) - limit} more (--limit).")
    console.print_line()


def _print_organization(facts: dict[str, Any]) -> None:
    plain = console.plain
    console.print_line(
        f"{plain(facts['display_name'])} ({plain(facts['organization_id'])}), {facts['kind']}: "
        f"{facts['paper_count']} paper(s) of its own",
    )
    console.print_table(
        ["listed id", "slug", "name", "rule", "evidence"],
        [
            [m["listed_organization_id"], m["listed_slug"], m["listed_name"], m["rule"], _words(m["evidence"])]
            for m in facts["listed_as"]
        ],
    )
    for title, relations in (("part of", facts["part_of"]), ("its parts", facts["parts"])):
        if relations:
            columns = ["organization", "since", "until", "rule", "reason"]
            rows = [[r["display_name"], r["valid_from"], r["valid_to"], r["rule"], r["reason"]] for r in relations]
            console.print_table(columns, rows, title=title)
    console.print_line()


def _words(evidence: dict[str, Any]) -> str:
    """Evidence in a line: what is empty is left out."""
    parts = []
    for key, value in evidence.items():
        if value in (None, "", 0, 0.0, [], {}):
            continue
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        if isinstance(value, dict):
            text = json.dumps(value, ensure_ascii=False)
        parts.append(f"{key.replace('_', ' ')} {text}")
    return "; ".join(parts)
