{{ config(materialized='view') }}
select
    paper_id,
    unnest(related_paper_ids) as related_paper_id,
    generate_subscripts(related_paper_ids, 1) as rank,
    unnest(scores) as score,
    unnest(shared_terms) as shared_terms
from {{ ref('int_related_lists') }}
