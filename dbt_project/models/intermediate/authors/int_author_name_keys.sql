{{ appended_after(['{{ forget_name_keys("name_as_listed") }}', '{{ forget_name_keys("code_version") }}']) }}
-- One row per author name and key under which names that may be related to it find it.
with names as (
    select
        name_as_listed,
        code_version,
        split(family_keys, ';') as family_keys
    from {{ ref('int_author_names') }}
    {% if is_incremental() %}
    where {{ is_not_in('name_as_listed', this) }}
    {% endif %}
),

final as (
    select
        name_as_listed,
        element as family_key,
        code_version
    from {{ unnest_with_position('names', 'family_keys') }} as keys
    where element <> ''
)

select * from final
