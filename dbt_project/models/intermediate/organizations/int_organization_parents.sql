-- One row per organization, parent and time of the relation: by overrides, by the reviewed seed, else
-- by names: the name of a group has its institution after an @ or next to a word such as lab or group, or its slug
-- contains the institution.
with resolved as (
    select * from {{ ref('int_organizations_resolved') }}
),

aliases as (
    select * from {{ ref('int_organization_aliases') }}
),

words as (
    select word, role from {{ ref('organization_words') }}
),

overridden as (
    select
        organization_id,
        min(override_parent_id) as parent_organization_id,
        min(override_reason) as reason
    from resolved
    where override_parent_id is not null and override_parent_id <> organization_id
    group by organization_id
),

reviewed as (
    select
        organization_id,
        parent_organization_id,
        valid_from,
        valid_to,
        min(reason) as reason
    from aliases
    where parent_organization_id is not null
    group by organization_id, parent_organization_id, valid_from, valid_to
),

-- An institution may be named inside another's name by an alias that means nothing else.
institutions as (
    select
        alias_words,
        min(organization_id) as organization_id,
        min(kind) as kind,
        is_short
    from aliases
    where
        parent_organization_id is null
        and kind in ('university', 'company', 'institute', 'government', 'nonprofit')
        and length(alias_words) >= 3
        and alias_words not in (select word from words where role = 'ambiguous name')
    group by alias_words, is_short
    having count(distinct organization_id) = 1
),

undecided as (
    select distinct
        organization_id,
        name_words,
        slug_words,
        concat(replace(replace({{ lower_case('listed_name') }}, '@ ', '@'), '@', ' @'), ' ') as name_with_at
    from resolved
    where not is_reviewed
),

texts as (
    select name_words as text, split(name_words, ' ') as text_words from undecided
    union
    select alias_words as text, split(alias_words, ' ') as text_words from institutions
),

-- How many words for a part of an institution (lab, group) a name or alias has.
units as (
    select elements.text, count(*) as unit_count
    from {{ unnest_with_position('texts', 'text_words') }} as elements
    inner join words on elements.element = words.word and words.role = 'unit'
    group by elements.text
),

-- What a name or slug may name are its runs of words; after an @, with it.
runs as (
    select organization_id, name_words, slug_words, name_with_at, {{ word_runs('name_words') }} as word_runs
    from undecided
    union all
    select organization_id, name_words, slug_words, name_with_at, {{ word_runs('slug_words') }} as word_runs
    from undecided
    union all
    select
        organization_id, name_words, slug_words, name_with_at,
        {{ word_runs("replace(name_with_at, '@', '')") }} as word_runs
    from undecided
    where name_with_at like '%@%'
),

pairs as (
    select distinct
        organization_id,
        name_words,
        slug_words,
        name_with_at,
        element as alias_words
    from {{ unnest_with_position('runs', 'word_runs') }} as elements
),

namings as (
    select
        undecided.organization_id,
        institutions.organization_id as parent_organization_id,
        institutions.alias_words,
        case
            when concat(' ', undecided.name_words, ' ') like concat('% ', institutions.alias_words, ' %')
                then 'its name names the institution'
            else 'its slug names the institution'
        end as reason,
        row_number() over (
            partition by undecided.organization_id
            order by length(institutions.alias_words) desc nulls last, institutions.alias_words asc nulls last
        ) as naming_rank
    from pairs as undecided
    inner join institutions
        on
            undecided.alias_words = institutions.alias_words
            and undecided.organization_id <> institutions.organization_id
    left join units as name_units on undecided.name_words = name_units.text
    left join units as alias_units on institutions.alias_words = alias_units.text
    where
        -- a short word identifies the institution after an @ only
        (not institutions.is_short or undecided.name_with_at like concat('% @', institutions.alias_words, ' %'))
        and (
            undecided.name_with_at like concat('% @', institutions.alias_words, ' %')
            or (
                concat(' ', undecided.name_words, ' ') like concat('% ', institutions.alias_words, ' %')
                and coalesce(name_units.unit_count, 0) > coalesce(alias_units.unit_count, 0)
            )
            or (
                concat(' ', undecided.slug_words, ' ') like concat('% ', institutions.alias_words, ' %')
                and undecided.slug_words <> institutions.alias_words
                and undecided.name_words not like '%universit%'
                and undecided.name_words not like '%institute of technology%'
            )
        )
),

named as (
    select
        organization_id,
        parent_organization_id,
        reason
    from namings
    where naming_rank = 1
),

final as (
    select
        organization_id, parent_organization_id, cast(null as date) as valid_from, cast(null as date) as valid_to,
        'override' as rule, reason
    from overridden
    union all
    select
        reviewed.organization_id, reviewed.parent_organization_id, reviewed.valid_from, reviewed.valid_to,
        'reviewed' as rule, reviewed.reason
    from reviewed
    left join overridden on reviewed.organization_id = overridden.organization_id
    where overridden.organization_id is null
    union all
    select
        named.organization_id, named.parent_organization_id,
        cast(null as date) as valid_from, cast(null as date) as valid_to,
        'names its institution' as rule, named.reason
    from named
    left join overridden on named.organization_id = overridden.organization_id
    where overridden.organization_id is null
)

select * from final
