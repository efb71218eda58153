{{ appended_after(['{{ forget_changed_loads() }}']) }}
-- depends_on: {{ ref('int_loads_fingerprinted') }}
-- One row per accepted entry, with the paper that it is about. The rows of a load are made anew when they would say
-- something else than they do.
with entries as (
    {{ entries_with_paper() }}
),

loads as (
    select * from {{ ref('stg_raw__loads') }}
),

final as (
    select
        entries.load_id,
        entries.position,
        entries.paper_id,
        entries.content_id,
        entries.upvotes,
        entries.comments,
        entries.github_stars,
        loads.format,
        loads.kind,
        loads.format <> 'page_text' as is_full_format,
        loads.listing_date,
        loads.observed_at,
        loads.landed_at,
        fingerprinted.fingerprint as load_fingerprint
    from entries
    inner join loads on entries.load_id = loads.load_id
    inner join {{ ref('int_loads_fingerprinted') }} as fingerprinted on entries.load_id = fingerprinted.load_id
    {% if is_incremental() -%}
    where {{ is_not_in('entries.load_id', this) }}
    {%- endif %}
)

select * from final
