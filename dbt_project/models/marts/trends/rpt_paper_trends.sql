{{ paper_trends(
    ref('fct_upvote_observations'), ref('fct_listings'), "cast('9999-01-01' as timestamp)",
    steps=ref('int_steps_measured'), measures=ref('int_papers_measured')
) }}
