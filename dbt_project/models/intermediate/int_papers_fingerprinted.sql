-- One row per paper with the fingerprint of all that its accepted entries say, and whether that differs from what the
-- rows of the incremental models were made from. What those were made from is written after them, by int_papers_built,
-- so a build that broke off is repeated.
{% set built = load_relation(this.incorporate(path={'identifier': 'int_papers_built'})) if execute %}
with current_papers as (
    select
        paper_id,
        {{ rows_fingerprint([
            'load_id', 'position', 'content_id', 'upvotes', 'comments', 'github_stars', 'format', 'kind',
            'listing_date', 'observed_at', 'landed_at',
        ]) }} as fingerprint
    from {{ ref('int_entries_identified') }}
    group by paper_id
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
