{# Full-text search of the published file: BM25 in SQL, without extensions. DuckDB only, as table macros are.
   The index (int_search_papers, int_search_postings) and marts.search(query) parse text with the same macros. #}

{# Words of a text: lower case, no accents; a word is a run of Latin letters and digits, or of other letters. #}
{% macro search_words(text) -%}
regexp_extract_all(lower(strip_accents({{ text }})), '[a-z0-9]+|[^\x00-\x7F\s\p{P}\p{S}]+')
{%- endmacro %}

{# The words of a text between single spaces, with one at each end. #}
{% macro search_text(text) -%}' ' || array_to_string({{ search_words(text) }}, ' ') || ' '{%- endmacro %}

{# A word in the singular: the plural endings of English that can be cut without a dictionary. Stronger stemming
   (-ing, -ed, -e) lowered nDCG@10 from .472 to .462 on 370 keyword queries over 6,235 papers. #}
{% macro search_stem(word) -%}
case
    when length({{ word }}) < 4 or regexp_matches({{ word }}, '[0-9]|(ss|us|is)$') then {{ word }}
    when length({{ word }}) > 4 and suffix({{ word }}, 'ies') then {{ word }}[:-4] || 'y'
    when suffix({{ word }}, 's') then {{ word }}[:-2]
    else {{ word }}
end
{%- endmacro %}

{# The words of a text in order, without stop words. #}
{% macro search_content_words(text) -%}
list_filter({{ search_words(text) }}, lambda word: not list_contains({{ search_stop_words() }}, word))
{%- endmacro %}

{# The terms of a text in order: its words without stop words, stemmed. #}
{% macro search_terms(text) -%}
list_transform({{ search_content_words(text) }}, lambda word: {{ search_stem('word') }})
{%- endmacro %}

{# Every pair of neighbouring words of a list, as one text with a space between. #}
{% macro search_pairs(words) -%}
list_transform(list_zip({{ words }}[:-2], {{ words }}[2:]), lambda pair: pair[1] || ' ' || pair[2])
{%- endmacro %}

{% macro search_stop_words() -%}['{{ var("search_stop_words") | join("', '") }}']{%- endmacro %}

{# A term as stored in the index: 31 bits of its MD5, which is the same in every version of DuckDB, and a last bit that is
   1 for a pair of words. Among the 60 million different terms of a million papers, one in 35 shares its number with
   another. #}
{% macro search_key(term) -%}
cast(md5_number_lower({{ term }}) % 2147483647 * 2 + cast(contains({{ term }}, ' ') as integer) as uinteger)
{%- endmacro %}

{# One row per text and term of its title and abstract: how often it has the term, its title counted twice, and the
   words that the term is there (the first by alphabet), for related papers. `texts` has number, title and abstract. #}
{% macro related_terms(texts) -%}
select
    number,
    {{ search_key('term') }} as term,
    cast(least(count(*), 255) + least(count(*) filter (where is_title), 255) as bigint) as frequency,
    min(words) as words
from (
    select
        number,
        is_title,
        unnest(terms || {{ search_pairs('terms') }}) as term,
        unnest(words || {{ search_pairs('words') }}) as words
    from (
        select number, is_title, words, list_transform(words, lambda word: {{ search_stem('word') }}) as terms
        from (
            select number, true as is_title, {{ search_content_words('title') }} as words from {{ texts }}
            union all
            select number, false, {{ search_content_words('abstract') }} from {{ texts }}
        )
        where len(words) > 0
    )
)
group by 1, 2
{%- endmacro %}

{# The body of marts.search(query). BM25 (Robertson & Zaragoza 2009, k1 = .6, b = .75) over the words of title and
   abstract, over pairs of neighbouring words with three times the weight, and over the words of names with half of it.
   Among the 300 best, a paper with the query's words as typed, in order, gains 5, and up to 2 more the earlier they are
   in the abstract, by the words before them. Parameters were chosen on 370 keyword queries over 6,235 papers: nDCG@10 .53 (.47 for words and pairs
   alone). #}
{% macro search_query(papers_table, numbers_table, postings_table, condition) -%}
{%- set max_phrase_candidates = 300 -%}
with parts as (
    select
        part,
        starts_with(part, '-') as is_negative,
        lower(regexp_extract(part, '^-?(author|org|has|after|before):', 1)) as field,
        trim(regexp_replace(part, '^-?((author|org|has|after|before):)?', ''), '"') as value,
        contains(part, '"') as is_quoted
    from (
        select unnest(regexp_extract_all(query, '-?(?:[A-Za-z]+:)?"[^"]*"|\S+')) as part
    )
    where regexp_matches(part, '[\p{L}\p{N}]')
),

checked as (
    select
        case
            when query is null or count(*) = 0
                then error('The query has no words: write some, for example prompt tuning.')
            when (length(query) - length(replace(query, '"', ''))) % 2 = 1
                then error('A quotation mark is open: close it, or leave it out.')
            when bool_and(is_negative)
                then error('The query only excludes: add a word that papers should have.')
            when bool_or(field = 'has' and value not in ('code', 'project', 'abstract', 'organization'))
                then error('has: knows code, project, abstract and organization.')
            when bool_or(field in ('after', 'before') and not coalesce(isfinite(try_cast(value as date)), false))
                then error('after: and before: want a date like 2026-09-01.')
            when bool_or(field in ('author', 'org') and len({{ search_words('value') }}) = 0)
                then error('author: and org: want a name, for example author:"Ada Lovelace".')
            else {{ condition }}
        end as is_valid
    from parts
),

-- One row per part with words: its terms, and the field's prefix where it has a field.
worded as (
    select
        parts.*,
        row_number() over () as part_number,
        case when field in ('author', 'org') then field || ':' else '' end as prefix,
        case when field in ('author', 'org')
            then {{ search_words('value') }}
            else {{ search_terms('value') }}
        end as terms
    from parts, checked
    where checked.is_valid and field not in ('has', 'after', 'before')
),

-- The terms of all parts without a field, in the order typed: pairs are made across parts.
plain as (
    select flatten(list(terms order by part_number)) as terms
    from worded
    where not is_negative and prefix = ''
),

scoring as (
    select {{ search_key('term') }} as term, max(weight) as weight
    from (
        select unnest(terms) as term, 1.0 as weight from plain
        union all
        select unnest({{ search_pairs('terms') }}), 3.0 from plain
        union all
        select 'author:' || unnest(terms), 0.5 from plain
        union all
        select 'org:' || unnest(terms), 0.5 from plain
        union all
        select prefix || unnest(terms), 1.0 from worded where not is_negative and prefix <> ''
    )
    group by 1
),

-- By part: the terms that a paper must have, all of them (of a field or a phrase), and those that exclude it. An excluded
-- phrase has none here: its words are compared as typed, below.
needed as (
    select distinct part_number, is_negative, {{ search_key('term') }} as term
    from (
        select part_number, is_negative, prefix || unnest(terms || {{ search_pairs('terms') }}) as term
        from worded
        where prefix <> '' or is_quoted <> is_negative
    )
),

hits as materialized (
    select term, paper_number, frequency
    from {{ postings_table }}
    where
        term in (select term from scoring union select term from needed)
        -- only of the present texts of papers
        and paper_number in (select paper_number from {{ numbers_table }})
),

matched_parts as (
    select needed.part_number, needed.is_negative, hits.paper_number
    from hits
    inner join (
        select *, count(*) over (partition by part_number) as term_count from needed
    ) as needed on hits.term = needed.term
    group by needed.part_number, needed.is_negative, hits.paper_number
    having count(*) = any_value(needed.term_count)
),

collection as (
    select count(*) as papers, avg(word_count) as mean_word_count from {{ numbers_table }}
),

rarity as (
    select hits.term, ln(1 + (any_value(papers) - count(*) + 0.5) / (count(*) + 0.5)) * any_value(weight) as weight
    from hits
    inner join scoring on hits.term = scoring.term
    cross join collection
    group by hits.term
),

scored as (
    select
        hits.paper_number,
        sum(rarity.weight * frequency * 1.6 / (frequency + 0.6 * (0.25 + 0.75 * word_count / mean_word_count))) as score
    from hits
    inner join rarity on hits.term = rarity.term
    inner join {{ numbers_table }} as numbers on hits.paper_number = numbers.paper_number
    cross join collection
    group by hits.paper_number
),

filters as (
    select
        max(case when field = 'after' and not is_negative then try_cast(value as date) end) as listed_after,
        min(case when field = 'before' and not is_negative then try_cast(value as date) end) as listed_before,
        list(distinct value) filter (where field = 'has' and not is_negative) as has,
        list(distinct value) filter (where field = 'has' and is_negative) as has_not,
        (select count(*) from worded where not is_negative) as worded_parts,
        (select count(distinct part_number) from needed where not is_negative) as needed_parts
    from parts, checked
    where checked.is_valid
),

-- A query of filters alone matches every paper that passes them, with a score of 0.
kept as (
    select numbers.paper_id, coalesce(scored.score, 0) as score
    from {{ numbers_table }} as numbers
    left join scored on numbers.paper_number = scored.paper_number
    cross join filters
    where
        (scored.paper_number is not null or filters.worded_parts = 0)
        and (
            filters.needed_parts = 0
            or numbers.paper_number in (
                select paper_number from matched_parts where not is_negative
                group by paper_number
                having count(*) = (select needed_parts from filters)
            )
        )
        and numbers.paper_number not in (select paper_number from matched_parts where is_negative)
),

filtered as (
    select kept.paper_id, kept.score
    from kept
    inner join {{ papers_table }} as papers on kept.paper_id = papers.paper_id
    cross join filters
    where
        coalesce(papers.last_listed_on >= filters.listed_after, filters.listed_after is null)
        and coalesce(papers.first_listed_on < filters.listed_before, filters.listed_before is null)
        and list_has_all({{ search_facts('papers') }}, coalesce(filters.has, []))
        and not list_has_any({{ search_facts('papers') }}, coalesce(filters.has_not, []))
),
{#- A quoted phrase is compared as typed, so its word forms count. #}
phrases as (
    select
        {{ search_text('value') }} as phrase,
        is_negative,
        true as is_needed
    from worded
    where is_quoted and prefix = ''
    union all
    select
        ' ' || array_to_string(flatten(list({{ search_words('value') }} order by part_number)), ' ') || ' ',
        false,
        false
    from worded
    where not is_negative and prefix = ''
    having len(flatten(list(terms))) > 0
),

phrase_list as (
    select
        list(phrase) filter (where is_needed and not is_negative) as needed,
        list(phrase) filter (where is_negative) as excluded,
        any_value(phrase) filter (where not is_needed) as typed
    from phrases
),

candidates as (
    select
        filtered.*,
        phrase_list.*,
        numbers.word_count,
        {{ search_text('papers.title') }} as title_words,
        {{ search_text("coalesce(papers.abstract, '')") }} as abstract_words
    from (
        select *, row_number() over (order by score desc, paper_id) as place from filtered
    ) as filtered
    inner join {{ papers_table }} as papers on filtered.paper_id = papers.paper_id
    inner join {{ numbers_table }} as numbers on filtered.paper_id = numbers.paper_id
    cross join phrase_list
    where
        filtered.place <= {{ max_phrase_candidates }}
        or phrase_list.needed is not null
        or phrase_list.excluded is not null
),

reranked as (
    select
        paper_id,
        score + case
            when contains(abstract_words, typed)
                then 7 - 2.0 * len({{ search_content_words('left(abstract_words, strpos(abstract_words, typed))') }}) / word_count
            when contains(title_words, typed) then 5
            else 0
        end as score
    from candidates
    where
        len(list_filter(coalesce(needed, []), lambda phrase: not contains(title_words || abstract_words, phrase))) = 0
        and len(list_filter(coalesce(excluded, []), lambda phrase: contains(title_words || abstract_words, phrase))) = 0
    union all
    select filtered.paper_id, filtered.score
    from filtered
    cross join phrase_list
    where
        phrase_list.needed is null and phrase_list.excluded is null
        and filtered.paper_id not in (select paper_id from candidates)
)

select paper_id, round(score, 6) as score
from reranked
order by 2 desc, paper_id
{%- endmacro %}

{# The values of `has:` that are true of a paper, as a list. #}
{% macro search_facts(papers) -%}
list_filter(
    [
        case when {{ papers }}.code_url is not null then 'code' end,
        case when {{ papers }}.project_url is not null then 'project' end,
        case when {{ papers }}.abstract is not null then 'abstract' end,
        case when {{ papers }}.organization_id is not null then 'organization' end
    ],
    lambda fact: fact is not null
)
{%- endmacro %}

{# The statement that creates marts.search(query). `file_id` as in table_macros. #}
{% macro search_macro(file_id) -%}
create or replace macro marts.search(query) as table
{{ search_query('marts.dim_papers', 'intermediate.int_search_papers', 'intermediate.int_search_postings', is_file_in_use(file_id)) }};
{%- endmacro %}
