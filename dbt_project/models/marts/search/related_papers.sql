select
    paper_id,
    related_paper_id,
    cast(rank as integer) as rank,
    cast(score as double) / 10000 as score,
    shared_terms
from {{ ref('int_search_related') }}
