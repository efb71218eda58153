-- Totals of papers of accepted loads. As in stg_raw__entries, the verdict is read here.
select
    load_id,
    paper_id,
    is_found,
    models,
    datasets,
    spaces
from {{ source('raw', 'paper_totals') }}
where load_id in (select load_id from {{ source('raw', 'loads') }} where verdict = 'accepted')
