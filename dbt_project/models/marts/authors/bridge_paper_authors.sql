{{ built_by_difference('authors_of_papers', 'mention_id') }}
-- depends_on: {{ ref('int_mentions') }} {{ ref('author_merges') }}
with final as (
    {{ authors_of_papers() }}
)

select * from final
{% if is_incremental() -%}
where {{ is_not_in('mention_id', this) }}
{%- else -%}
-- Who looks for a person's papers reads a small part of the table.
order by author_id asc nulls last
{%- endif %}
