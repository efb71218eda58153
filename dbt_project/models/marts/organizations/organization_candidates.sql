-- Organizations that the reviewed list does not have, each with those that it may be the same as or part of.
with resolved as (
    select
        organization_id,
        is_reviewed or rule in ('override: merge', 'override: split', 'override: part of') as is_decided,
        listed_name as name,
        {{ organization_squash('name_words') }} as squash,
        {{ letters_of(organization_squash('name_words')) }} as letters,
        name_words
    from {{ ref('int_organizations_resolved') }}
    where name_words is not null
),

open_questions as (
    select * from resolved where not is_decided and length(squash) >= 6
),

known as (
    select organization_id, name, squash, letters, name_words from resolved
    union all
    select
        organization_id, alias as name, alias_squash as squash, {{ letters_of('alias_squash') }} as letters,
        alias_words as name_words
    from {{ ref('int_organization_aliases') }}
),

runs as (
    select organization_id, name, squash, name_words, {{ word_runs('name_words') }} as word_runs
    from open_questions
),

-- The runs of words that a name holds.
held as (
    select distinct
        organization_id,
        name,
        squash,
        name_words,
        element as held_words
    from {{ unnest_with_position('runs', 'word_runs') }} as elements
),

compared as (
    select
        held.organization_id,
        known.organization_id as other_organization_id,
        held.name,
        known.name as other_name,
        cast(length(known.squash) as double) / length(held.squash) as similarity,
        'its name holds the other name' as reason
    from held
    inner join known on held.held_words = known.name_words
    where held.organization_id <> known.organization_id and length(known.squash) >= 6
    union all
    select
        open_questions.organization_id,
        known.organization_id as other_organization_id,
        open_questions.name,
        known.name as other_name,
        -- Similar names differ in a fifth of their letters at most, and an edit changes two letters at most in the set
        -- of those used. So lengths and sets, which are cheap, exclude most pairs before the edit distance is computed.
        -- A case, since an engine may evaluate the conditions of a join in any order.
        case
            when
                abs(length(open_questions.squash) - length(known.squash)) * 5 <= length(open_questions.squash)
                and {{ bits_apart('open_questions.letters', 'known.letters') }} * 5
                <= 2 * greatest(length(open_questions.squash), length(known.squash))
                and not concat(' ', open_questions.name_words, ' ') like concat('% ', known.name_words, ' %')
                then
                    1.0 - cast({{ edit_distance('open_questions.squash', 'known.squash') }} as double)
                    / greatest(length(open_questions.squash), length(known.squash))
            else 0.0
        end as similarity,
        'the names differ in few letters' as reason
    from open_questions
    inner join known on substring(open_questions.squash, 1, 2) = substring(known.squash, 1, 2)
    where
        open_questions.organization_id <> known.organization_id
        and length(known.squash) >= 6
),

ranked as (
    select
        compared.*,
        row_number() over (
            partition by compared.organization_id, compared.other_organization_id
            order by
                compared.similarity desc nulls last, compared.name asc nulls last, compared.other_name asc nulls last
        ) as pair_rank
    from compared
    left join {{ ref('int_organization_parents') }} as parents
        on
            compared.organization_id = parents.organization_id
            and compared.other_organization_id = parents.parent_organization_id
    where
        parents.organization_id is null
        and (compared.reason = 'its name holds the other name' or compared.similarity >= 0.8)
)

select
    ranked.organization_id,
    ranked.other_organization_id,
    ranked.name,
    ranked.other_name,
    ranked.similarity,
    ranked.reason,
    organizations.paper_count
from ranked
inner join {{ ref('dim_organizations') }} as organizations on ranked.organization_id = organizations.organization_id
where ranked.pair_rank = 1
order by
    organizations.paper_count desc nulls last, ranked.organization_id asc nulls last, ranked.similarity desc nulls last,
    ranked.other_organization_id asc nulls last
