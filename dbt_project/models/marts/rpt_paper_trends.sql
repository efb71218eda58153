{{ paper_trends(ref('fct_upvote_observations'), ref('fct_listings'), "cast('9999-01-01' as timestamp)") }}
