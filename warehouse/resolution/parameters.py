"""The parameters of the resolver, as log odds. Chosen once on the labelled sets of docs/resolution.md together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """Log odds, unless a comment names another unit. The same values apply to every set and to the warehouse."""

    #: The prior falls by this for each natural logarithm of the expected namesakes.
    prior_slope: float = 0.5
    min_prior: float = -3.0
    max_prior: float = 6.0
    #: Ceiling of the prior of an ambiguous name.
    max_ambiguous_prior: float = -1.0
    #: Namesakes grow with this power of the number of unlinked co-author groups of the name.
    group_power: float = 0.5
    max_coauthors: float = 10.0
    no_coauthor: float = -0.4
    #: Half of what the labelled sets show, as the places of one author in author lists are not independent.
    role_scale: float = 0.5
    text_scale: float = 0.4
    text_offset: float = 1.0
    min_text: float = -0.3
    max_text: float = 5.0
    organization_scale: float = 0.55
    organization_offset: float = 2.0
    min_organization: float = -1.2
    same_venue: float = 3.5
    #: Log odds of each year apart beyond ``free_years``.
    year_slope: float = -0.05
    free_years: int = 1
    same_account: float = 12.0
    #: One pair alone joins two groups from here on.
    strong: float = 5.0
    #: A pair with an ambiguous name joins from here on; with an initial, which shared co-authors alone can't reach.
    min_ambiguous: float = 9.0
    min_ambiguous_initial: float = 12.0
    #: Two groups join when the mean of their pairs is above this.
    min_mean: float = 0.0
    #: A pair that stayed apart is shown for review when it is above this.
    min_review: float = 0.0
    #: A relation of names with more pairs of mentions is dense (``candidate_pairs``).
    max_relation_pairs: int = 300_000
    #: In a dense relation a co-author on more papers of the two names than this is common.
    max_common_papers: int = 400
