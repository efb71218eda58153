-- One row per paper with the fingerprint of all that its accepted entries say, and whether that differs from what the
-- rows of the incremental models were made from. What those were made from is written after them, by int_papers_built,
-- so a build that broke off is repeated. Whether the times of a load were cut lies in its other entries.
{% set built = load_relation(this.incorporate(path={'identifier': 'int_papers_built'})) if execute %}
with current_papers as (
    select
        entries.paper_id,
        {{ rows_fingerprint([
            'entries.load_id', 'position', 'content_id', 'upvotes', 'comments', 'github_stars', 'format', 'kind',
            'listing_date', 'observed_at', 'landed_at', 'cut.load_id',
        ]) }} as fingerprint
    from {{ ref('int_entries_identified') }} as entries
    left join {{ ref('int_loads_with_cut_times') }} as cut on entries.load_id = cut.load_id
    group by entries.paper_id
),

final as (
    select
        current_papers.paper_id,
        current_papers.fingerprint,
        {% if built -%}
        coalesce(current_papers.fingerprint <> built.fingerprint, true) as is_changed
        {%- else -%}
        true as is_changed
        {%- endif %}
    from current_papers
    {% if built -%}
    left join {{ built }} as built on current_papers.paper_id = built.paper_id
    {%- endif %}
)

select * from final
