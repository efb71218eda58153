-- One row per organization as listed, name or slug of it, and institution of the reviewed list whose name that text
-- holds, with what stands around it there.
with words as (
    select word, role from {{ ref('organization_words') }}
),

-- An institution may be named inside another's name by an alias that means nothing else.
institutions as (
    select
        alias_squash,
        min(alias_words) as institution_words,
        min(organization_id) as institution_id,
        min(kind) as kind,
        is_short
    from {{ ref('int_organization_aliases') }}
    where
        parent_organization_id is null
        and kind in ('university', 'company', 'institute', 'government', 'nonprofit')
        and length(alias_squash) >= 3
        and alias_squash not in (select word from words where role = 'ambiguous name')
    group by alias_squash, is_short
    having count(distinct organization_id) = 1
),

texts as (
    select
        listed_organization_id,
        'name' as source,
        name_words as text,
        concat('# ', {{ organization_marked_words('listed_name') }}, ' ') as marked_text,
        {{ lower_case('listed_name') }} as lower_name
    from {{ ref('int_organization_names') }}
    where recency = 1 and name_words is not null
    union all
    select
        listed_organization_id, 'slug' as source, slug_words as text, concat('# ', slug_words, ' # ') as marked_text,
        '' as lower_name
    from {{ ref('int_organization_names') }}
    where recency = 1
),

runs as (
    select *, {{ word_runs("trim(replace(replace(marked_text, '# ', ''), '@ ', ''))") }} as word_runs
    from texts
),

held as (
    select distinct
        elements.listed_organization_id,
        elements.source,
        elements.text,
        elements.marked_text,
        elements.lower_name,
        elements.element as held_words,
        institutions.*
    from {{ unnest_with_position('runs', 'word_runs') }} as elements
    inner join institutions on {{ organization_squash('elements.element') }} = institutions.alias_squash
),

final as (
    select
        listed_organization_id,
        source,
        text,
        held_words,
        institution_words,
        institution_id,
        kind,
        is_short,
        marked_text like concat('% @ ', held_words, ' %') as is_after_at,
        marked_text like concat('_% # ', held_words, ' # %') as is_between_signs,
        marked_text like concat('_% # ', held_words, ' %') or marked_text like concat('% ', held_words, ' # _%')
            as is_beside_sign,
        concat(text, ' ') like concat(held_words, ' %') as is_at_start,
        concat(' ', text) like concat('% ', held_words) as is_at_end,
        -- with the signs, so # or @ after a sign
        split_part(split_part(marked_text, concat(' ', held_words, ' '), 1), ' ', -1) as word_before,
        split_part(split_part(concat(text, ' '), concat(held_words, ' '), 2), ' ', 1) as word_after,
        lower_name
    from held
    where text <> held_words
)

select * from final
