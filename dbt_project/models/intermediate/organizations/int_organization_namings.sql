-- One row per organization as listed whose name or slug names an institution of the reviewed list that it is part of:
-- after an @ or "at"; between signs, as in "(Inria)"; next to a word for a part of an institution, such as lab; at the
-- start, if it is a company; as an acronym at either end; or as a part of the slug.
with words as (
    select word, role from {{ ref('organization_words') }}
),

held as (
    select * from {{ ref('int_organization_names_held') }}
),

counted as (
    select * from {{ ref('int_organization_word_counts') }}
),

-- Words before the name of a university that are not a part of it: Linguistics, Trier University.
parts as (
    select distinct word from words where role in ('unit', 'subject')
),

first_words_of_places as (
    select distinct split_part(place, ' ', 1) as word from {{ ref('places') }}
),

described as (
    select
        held.*,
        acronyms.word is not null as is_acronym,
        in_text.units > in_institution.units as has_unit,
        in_text.subjects > in_institution.subjects as has_subject,
        -- Nanjing University of the Arts, NYU Shanghai and West Virginia University are institutions of their own.
        held.word_after in ('of', 'and', 'education')
        or (
            held.kind = 'university'
            and places.word is not null
            and (held.is_at_start or held.lower_name like concat('%(', held.word_after, '%'))
        )
        or (
            (held.held_words like 'university%' or held.held_words like '%university')
            and held.word_before not in ('#', '@', 'the', 'at', 'of', 'in')
            and parts.word is null
        ) as is_another_institution,
        max(in_text.outsiders) over (partition by held.listed_organization_id) = 1 as is_outside,
        {{ has_match(
            "replace(concat(' ', names.name_words, ' '), concat(' ', held.held_words, ' '), ' ')",
            'universit|institute of technology|technological institute|'
            ~ '\\b(college|hospital|medical center|national lab(oratory)?)\\b'
        ) }} as has_another_kind
    from held
    inner join {{ ref('int_organization_names') }} as names
        on held.listed_organization_id = names.listed_organization_id and names.recency = 1
    inner join counted as in_text on held.text = in_text.text
    inner join counted as in_institution
        on held.institution_words = in_institution.text and in_institution.naming_words = 1
    left join words as acronyms on held.institution_words = acronyms.word and acronyms.role = 'acronym'
    left join parts on held.word_before = parts.word
    left join first_words_of_places as places on held.word_after = places.word
),

named as (
    select
        *,
        row_number() over (
            partition by listed_organization_id
            order by
                case when is_after_at then 0 else 1 end asc nulls last, length(held_words) desc nulls last,
                source asc nulls last, held_words asc nulls last, institution_id asc nulls last
        ) as naming_rank
    from described
    where
        not is_outside
        and not is_another_institution
        and (
            -- a short word identifies the institution after an @ only
            is_after_at
            or (
                not is_short
                and not has_another_kind
                and (
                    source = 'slug'
                    or is_between_signs
                    or has_unit
                    or (has_subject and (is_beside_sign or is_at_end))
                    or (is_at_start and kind = 'company')
                    or (is_acronym and (is_at_start or is_at_end))
                )
            )
        )
),

-- A joint lab of two institutions is part of neither.
joint as (
    select distinct first_named.listed_organization_id
    from named as first_named
    inner join named as other
        on
            first_named.listed_organization_id = other.listed_organization_id
            and first_named.is_after_at = other.is_after_at
            and first_named.institution_id <> other.institution_id
    where
        first_named.naming_rank = 1
        and concat(' ', first_named.held_words, ' ') not like concat('% ', other.held_words, ' %')
),

final as (
    select
        named.listed_organization_id,
        named.institution_id as parent_organization_id,
        named.source,
        named.held_words,
        {{ organization_key("replace(concat(' ', named.text, ' '), concat(' ', named.held_words, ' '), ' ')") }}
            as rest_key
    from named
    left join joint on named.listed_organization_id = joint.listed_organization_id
    where named.naming_rank = 1 and joint.listed_organization_id is null
)

select * from final
