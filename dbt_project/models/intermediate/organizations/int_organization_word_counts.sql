-- One row per name or slug that holds an institution's name, and per name that it holds, with its words by what they
-- show: a part of an institution, what a part studies, those who are outside of an institution; or none of these.
with words as (
    select word, role from {{ ref('organization_words') }}
),

texts as (
    select text, split(text, ' ') as text_words from {{ ref('int_organization_names_held') }}
    union
    select institution_words as text, split(institution_words, ' ') as text_words
    from {{ ref('int_organization_names_held') }}
),

final as (
    select
        elements.text,
        count(
            distinct case
                when words.role = 'unit' or {{ has_match('elements.element', '...(lab|labs|nlp|group|team)$') }}
                    then elements.element_position
            end
        ) as units,
        count(distinct case when words.role = 'subject' then elements.element_position end) as subjects,
        max(case when words.role = 'outside' then 1 else 0 end) as outsiders,
        max(case when words.role is null or words.role not in ('general', 'unit') then 1 else 0 end) as naming_words
    from {{ unnest_with_position('texts', 'text_words') }} as elements
    left join words on elements.element = words.word
    group by elements.text
)

select * from final
