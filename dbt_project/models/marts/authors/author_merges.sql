{{ built_by_difference('mentions_placed', 'mention_id') }}
-- depends_on: {{ ref('int_mentions') }} {{ ref('int_author_decisions') }} {{ ref('int_author_placements') }}
with final as (
    {{ mentions_placed() }}
)

select * from final
{% if is_incremental() -%}
where {{ is_not_in('mention_id', this) }}
{%- endif %}
