{{ built_by_paper() }}
-- depends_on: {{ ref('int_papers_fingerprinted') }}
select
    paper_id,
    {{ iso_week('day') }} as week,
    cast(sum(gained) as {{ dbt.type_bigint() }}) as upvotes_gained
from {{ ref('fct_paper_upvotes_daily') }}
where {{ is_of_changed_paper() }}
group by paper_id, {{ iso_week('day') }}
