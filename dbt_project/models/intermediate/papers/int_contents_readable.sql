{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}
-- One row per content, with its title and links as people read them: hundreds of regular expressions, which are applied
-- once, as a content never changes.
with contents as (
    select
        content_id,
        {{ normalize_space('title') }} as title,
        code_url,
        {{ web_link('code_url') }} as code_link,
        project_url,
        {{ web_link('project_url') }} as project_link
    from {{ ref('stg_raw__entry_contents') }} as contents
    {% if is_incremental() -%}
    where not exists (select 1 from {{ this }} as built where built.content_id = contents.content_id)
    {%- endif %}
),

linked as (
    select
        *,
        {{ repository_of('code_link', true) }} as code_repository,
        {{ code_owner_of('code_link') }} as code_owner
    from contents
),

final as (
    select
        content_id,
        title,
        {{ display_title('title') }} as display_title,
        code_url as code_url_as_listed,
        code_repository,
        code_owner,
        -- A listed code link to somewhere else is a page of the project.
        case
            when code_repository is null and code_owner is null and {{ has_match('code_link', '^(?i)https?://') }}
                then code_link
        end as code_page,
        nullif({{ normalize_space('project_url') }}, '') as project_page,
        {{ repository_of('project_link', false) }} as project_repository
    from linked
)

select * from final
