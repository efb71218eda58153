-- One row per organization as listed: the organization it is the same as, before people's overrides.
-- In this order: its slug or a name is in the reviewed seed; a name has the key of a name of the seed; a name has the
-- key of another listed organization's name, or names the same institution and has the same words besides. Short names
-- match only as they are written.
with words as (
    select word, role from {{ ref('organization_words') }}
),

numbered as (
    select
        *,
        row_number() over (order by listed_organization_id asc nulls last, recency asc nulls last) as name_number
    from {{ ref('int_organization_names') }}
),

split_names as (
    select name_number, split(name_words, ' ') as name_words from numbered
),

-- Names that identify: two letters or more besides general words. AI Lab and Research Team have none.
identifying as (
    select elements.name_number
    from {{ unnest_with_position('split_names', 'name_words') }} as elements
    left join words on elements.element = words.word and words.role = 'general'
    where words.word is null
    group by elements.name_number
    having sum(length(elements.element)) >= 2
),

names as (
    select
        numbered.*,
        -- A lab is known by its institution and the other words of its name: Sphere Lab @ CUHK and CUHK SphereLab.
        case
            when namings.rest_key <> '' and numbered.recency = 1
                then concat(namings.parent_organization_id, ' ', namings.rest_key)
            else numbered.name_key
        end as shared_key,
        identifying.name_number is not null
        or (namings.rest_key <> '' and numbered.recency = 1) as is_identifying,
        {{ organization_is_short('numbered.name_words') }} and words.word is null as is_short
    from numbered
    left join identifying on numbered.name_number = identifying.name_number
    left join words on numbered.name_words = words.word and words.role = 'acronym'
    left join {{ ref('int_organization_namings') }} as namings
        on numbered.listed_organization_id = namings.listed_organization_id
),

listed as (
    select * from {{ ref('int_listed_organizations') }}
),

aliases as (
    select
        *,
        row_number() over (order by alias asc nulls last, organization_id asc nulls last) as alias_number
    from {{ ref('int_organization_aliases') }}
),

-- One join a key, since one on any of them would compare every pair.
pairs as (
    select names.name_number, aliases.alias_number
    from names
    inner join aliases on names.slug_squash = aliases.alias_squash
    union
    select names.name_number, aliases.alias_number
    from names
    inner join aliases on names.name_squash = aliases.alias_squash
    union
    select names.name_number, aliases.alias_number
    from names
    inner join aliases on names.name_key = aliases.alias_key
),

seed_matches as (
    select
        names.listed_organization_id,
        aliases.alias,
        aliases.organization_id,
        aliases.reason,
        names.recency,
        case
            when {{ lower_case('names.listed_slug') }} = {{ lower_case('aliases.alias') }} then 0
            when names.slug_squash = aliases.alias_squash then 1
            when names.name_squash = aliases.alias_squash then 2
            else 3
        end as closeness,
        case
            when
                names.last_observed_at
                >= coalesce(cast(aliases.valid_from as timestamp), cast('1900-01-01' as timestamp))
                and names.last_observed_at
                < coalesce(cast(aliases.valid_to as timestamp), cast('9999-01-01' as timestamp))
                then 1
            else 2
        end as timeliness
    from pairs
    inner join names on pairs.name_number = names.name_number
    inner join aliases on pairs.alias_number = aliases.alias_number
    left join words on {{ lower_case('aliases.alias') }} = words.word and words.role = 'ambiguous slug'
    where
        not aliases.is_short
        or aliases.alias in (names.listed_slug, names.listed_name)
        -- No two slugs of the site differ in case only; an ordinary word counts in its exact case.
        or (
            {{ lower_case('names.listed_slug') }} = {{ lower_case('aliases.alias') }}
            and words.word is null
        )
),

seeded as (
    select *
    from (
        select
            *,
            row_number() over (
                partition by listed_organization_id
                order by
                    timeliness asc nulls last, closeness asc nulls last, recency asc nulls last,
                    alias asc nulls last, organization_id asc nulls last
            ) as match_rank
        from seed_matches
    ) as ranked
    where match_rank = 1
),

-- A name that only organizations of one seed organization have matches others of that name to it.
seeded_keys as (
    select
        names.shared_key,
        min(seeded.organization_id) as organization_id,
        min(seeded.listed_organization_id) as listed_organization_id
    from seeded
    inner join names on seeded.listed_organization_id = names.listed_organization_id and names.recency = 1
    where names.is_identifying and not names.is_short
    group by names.shared_key
    having count(distinct seeded.organization_id) = 1
),

unseeded as (
    select
        listed.listed_organization_id,
        listed.first_observed_at,
        case
            when names.is_identifying then names.shared_key
            else concat('only ', listed.listed_organization_id)
        end as shared_key
    from listed
    inner join names on listed.listed_organization_id = names.listed_organization_id and names.recency = 1
    left join seeded on listed.listed_organization_id = seeded.listed_organization_id
    where seeded.listed_organization_id is null
),

keyed as (
    select
        *,
        first_value(listed_organization_id) over (
            partition by shared_key
            order by first_observed_at asc nulls last, listed_organization_id asc nulls last
        ) as first_listed_organization_id,
        count(*) over (partition by shared_key) as listed_count
    from unseeded
),

final as (
    select
        listed.listed_organization_id,
        listed.listed_slug,
        listed.listed_name,
        listed.first_observed_at,
        listed.last_observed_at,
        current_names.name_words,
        current_names.slug_words,
        current_names.name_key as organization_key,
        coalesce(
            seeded.organization_id, seeded_keys.organization_id, keyed.first_listed_organization_id
        ) as organization_id,
        case
            when seeded.closeness <= 1 then 'reviewed slug'
            when seeded.closeness = 2 then 'reviewed name'
            when seeded.closeness = 3 then 'same key as a reviewed name'
            when seeded_keys.organization_id is not null then 'same key as a reviewed organization'
            when keyed.listed_count > 1 then 'same key'
            else 'only listing of this key'
        end as rule,
        coalesce(seeded.organization_id, seeded_keys.organization_id) is not null as is_reviewed,
        seeded.alias as matched_alias,
        seeded.reason as alias_reason,
        coalesce(keyed.listed_count, 1) as listed_count
    from listed
    inner join names as current_names
        on listed.listed_organization_id = current_names.listed_organization_id and current_names.recency = 1
    left join seeded on listed.listed_organization_id = seeded.listed_organization_id
    left join keyed on listed.listed_organization_id = keyed.listed_organization_id
    left join seeded_keys on keyed.shared_key = seeded_keys.shared_key
)

select * from final
