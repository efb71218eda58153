{# Full-text search of the published file: BM25 in SQL, without extensions. DuckDB only, as table macros are.
   The index (int_search_papers, int_search_postings) and marts.search(query) parse text with the same macros. #}

{# A text as names and words are compared: lower case, no accents, letters as `fold` of warehouse/keys.py writes them.
   A text with as many bytes as characters is ASCII. #}
{% macro folded(text) -%}
{%- set ns = namespace(text="translate(lower(" ~ without_accents(text) ~ "), 'øđðłħıȷŋ', 'oddlhijn')") -%}
{%- for letter, letters in [('æ', 'ae'), ('œ', 'oe'), ('þ', 'th'), ('ß', 'ss')] -%}
{%- set ns.text = "replace(" ~ ns.text ~ ", '" ~ letter ~ "', '" ~ letters ~ "')" -%}
{%- endfor -%}
case when strlen({{ text }}) = length({{ text }}) then lower({{ text }}) else {{ ns.text }} end
{%- endmacro %}

{# Words of a text: folded; a word is a run of Latin letters and digits, or of other letters. #}
{% macro search_words(text) -%}
regexp_extract_all({{ folded(text) }}, '[a-z0-9]+|[^\x00-\x7F\s\p{P}\p{S}]+')
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

{# A list of words without stop words. #}
{% macro search_content(words) -%}
list_filter({{ words }}, lambda word: not list_contains({{ search_stop_words() }}, word))
{%- endmacro %}

{# A list of words, stemmed. #}
{% macro search_stems(words) -%}list_transform({{ words }}, lambda word: {{ search_stem('word') }}){%- endmacro %}

{# The terms of a text in order: its words without stop words, stemmed. #}
{% macro search_terms(text) -%}{{ search_stems(search_content(search_words(text))) }}{%- endmacro %}

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

{# One row per text and term of its title and abstract, for related papers: how often it has the term, counted in
   halves (two for a time in the abstract, three in the title), and the words that the term is there (the first by
   alphabet). `texts` has number, title and abstract. #}
{% macro related_terms(texts) -%}
select
    number,
    {{ search_key('term') }} as term,
    cast(2 * least(count(*), 255) + least(count(*) filter (where is_title), 255) as bigint) as frequency,
    min(words) as words
from (
    select
        number,
        is_title,
        unnest(terms || {{ search_pairs('terms') }}) as term,
        unnest(words || {{ search_pairs('words') }}) as words
    from (
        select number, is_title, words, {{ search_stems('words') }} as terms
        from (
            select number, true as is_title, {{ search_content(search_words('title')) }} as words from {{ texts }}
            union all
            select number, false, {{ search_content(search_words('abstract')) }} from {{ texts }}
        )
        where len(words) > 0
    )
)
group by 1, 2
{%- endmacro %}

{# The body of marts.search(query). BM25 (Robertson & Zaragoza 2009, k1 = .6, b = .75) over the words of title and
   abstract, over pairs of neighbouring words with three times the weight, and over the words of names with half of it.
   Among the 300 best, a paper with the query's words as typed, in order, gains 5, and up to 2 more the earlier they are
   in the abstract, by the words before them. Parameters were chosen on 370 keyword queries over 6,235 papers: nDCG@10
   .53 (.47 for words and pairs alone). Only texts of papers that have all terms of the words as typed, or of a phrase,
   are read. `materialized` keeps a CTE from being planned once for each of its readers. #}
{% macro search_query(papers_table, numbers_table, postings_table, condition) -%}
{%- set max_phrase_candidates = 300 -%}
{%- set before_typed = 'left(abstract_words, strpos(abstract_words, typed))' -%}
with parts as materialized (
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

checked as materialized (
    select
        case
            when query is null or count(*) = 0
                then error('The query has no words: write some, for example prompt tuning.')
            when (length(query) - length(replace(query, '"', ''))) % 2 = 1
                then error('A quotation mark is open: close it, or leave it out.')
            when bool_and(is_negative)
                then error('The query only excludes: add a word that papers should have.')
            when bool_or(field = 'has' and not list_contains({{ search_fact_names() }}, value))
                then error('has: knows code, project, abstract and organization.')
            when bool_or(field in ('after', 'before') and not coalesce(isfinite(try_cast(value as date)), false))
                then error('after: and before: want a date like 2026-09-01.')
            when bool_or(field in ('author', 'org') and len({{ search_words('value') }}) = 0)
                then error('author: and org: want a name, for example author:"Ada Lovelace".')
            else {{ condition }}
        end as is_valid
    from parts
),

-- One row per part with words: its words as typed, its terms, and the field's prefix where it has a field.
worded as materialized (
    select
        row_number() over () as part_number,
        is_negative,
        is_quoted,
        prefix,
        words,
        case when prefix <> '' then words else {{ search_stems(search_content('words')) }} end as terms
    from (
        select
            is_negative,
            is_quoted,
            case when field in ('author', 'org') then field || ':' else '' end as prefix,
            {{ search_words('value') }} as words
        from parts, checked
        where checked.is_valid and field not in ('has', 'after', 'before')
    )
),

-- The parts without a field as one, in the order typed: pairs are made across parts.
plain as materialized (
    select
        flatten(list(words order by part_number)) as words,
        flatten(list(terms order by part_number)) as terms
    from worded
    where not is_negative and prefix = ''
),

-- The terms that papers are found by: what each counts (null: nothing), whether a paper with the words as typed has it,
-- and whether each paper must have it, as the terms of a field or a phrase.
wanted as materialized (
    select
        {{ search_key('term') }} as term,
        max(weight) as weight,
        bool_or(is_typed) as is_typed,
        bool_or(is_needed) as is_needed
    from (
        select unnest(terms) as term, 1.0 as weight, true as is_typed, false as is_needed from plain
        union all
        select unnest({{ search_pairs('terms') }}), 3.0, true, false from plain
        union all
        select unnest(['author:', 'org:']) || term, 0.5, false, false from (select unnest(terms) as term from plain)
        union all
        select prefix || unnest(terms), case when prefix <> '' then 1.0 end, false, true
        from worded
        where not is_negative and (prefix <> '' or is_quoted)
        union all
        select prefix || unnest({{ search_pairs('terms') }}), null, false, true
        from worded
        where not is_negative and (prefix <> '' or is_quoted)
    )
    group by 1
),

filters as materialized (
    select
        max(case when field = 'after' and not is_negative then try_cast(value as date) end) as listed_after,
        min(case when field = 'before' and not is_negative then try_cast(value as date) end) as listed_before,
        coalesce(bit_or(fact) filter (where not is_negative), 0) as has,
        coalesce(bit_or(fact) filter (where is_negative), 0) as has_not,
        (select count(*) = 0 from worded where not is_negative) as is_without_words,
        (select count(*) from wanted where is_typed) as typed_terms,
        (select count(*) from wanted where is_needed) as needed_terms
    from (
        select
            *,
            case when field = 'has' then 1 << (list_position({{ search_fact_names() }}, value) - 1) end as fact
        from parts
    ), checked
    where checked.is_valid
),

hits as materialized (
    select
        wanted.*,
        postings.frequency,
        numbers.paper_number,
        numbers.word_count
    from {{ postings_table }} as postings
    inner join wanted on postings.term = wanted.term
    -- only of the present texts of papers
    inner join {{ numbers_table }} as numbers on postings.paper_number = numbers.paper_number
),

collection as (
    select count(*) as papers, avg(word_count) as mean_word_count from {{ numbers_table }}
),

rarity as (
    select
        term,
        ln(1 + (any_value(papers) - count(*) + 0.5) / (count(*) + 0.5)) * any_value(weight) as weight,
        any_value(mean_word_count) as mean_word_count
    from hits
    cross join collection
    group by term
),

scored as (
    select
        hits.paper_number,
        sum(rarity.weight * frequency * 1.6 / (frequency + 0.6 * (0.25 + 0.75 * word_count / mean_word_count))) as score,
        count(*) filter (where is_typed) as typed_terms,
        count(*) filter (where is_needed) as needed_terms
    from hits
    inner join rarity on hits.term = rarity.term
    group by hits.paper_number
    -- Another pair can have the number of a pair of the query: a paper with a pair has words of it too.
    having count(rarity.weight) filter (where hits.term % 2 = 0) > 0
),

-- A query of filters alone matches every paper that passes them, with a score of 0.
matched as (
    select scored.paper_number, scored.score, scored.typed_terms = filters.typed_terms as is_whole
    from scored
    inner join filters on scored.needed_terms = filters.needed_terms
    union all
    select numbers.paper_number, 0, false
    from {{ numbers_table }} as numbers
    cross join filters
    where filters.is_without_words
),

-- The papers that have all terms of an excluded part. An excluded phrase is compared as typed, below.
suspected as materialized (
    select postings.paper_number, excluded.is_phrase
    from {{ postings_table }} as postings
    inner join (
        select *, {{ search_key('text') }} as term, count(*) over (partition by part_number) as term_count
        from (
            select distinct
                part_number,
                is_quoted and prefix = '' as is_phrase,
                prefix || unnest(terms || {{ search_pairs('terms') }}) as text
            from worded
            where is_negative
        )
    ) as excluded on postings.term = excluded.term
    group by postings.paper_number, excluded.part_number, excluded.is_phrase
    having count(*) = any_value(excluded.term_count)
),

kept as materialized (
    select numbers.paper_number, numbers.paper_id, numbers.word_count, matched.score, matched.is_whole
    from matched
    inner join {{ numbers_table }} as numbers on matched.paper_number = numbers.paper_number
    cross join filters
    where
        coalesce(numbers.last_listed_on >= filters.listed_after, filters.listed_after is null)
        and coalesce(numbers.first_listed_on < filters.listed_before, filters.listed_before is null)
        and numbers.facts & filters.has = filters.has
        and numbers.facts & filters.has_not = 0
        and matched.paper_number not in (select paper_number from suspected where not is_phrase)
),

-- A quoted phrase is compared as typed, so its word forms count. The words of all parts are compared for the score.
phrases as (
    select
        list(phrase) filter (where not is_negative) as needed,
        list(phrase) filter (where is_negative) as excluded,
        coalesce(bool_or(is_negative and len(terms) = 0), false) as is_any_suspected,
        (select ' ' || array_to_string(words, ' ') || ' ' from plain where len(terms) > 0) as typed
    from (
        select is_negative, terms, ' ' || array_to_string(words, ' ') || ' ' as phrase
        from worded
        where is_quoted and prefix = ''
    )
),

candidates as materialized (
    select kept.paper_number, kept.paper_id, kept.word_count
    from kept
    cross join phrases
    where
        phrases.needed is not null
        or phrases.is_any_suspected
        or (phrases.excluded is not null and kept.is_whole)
        or kept.paper_number in (select paper_number from suspected where is_phrase)
        or kept.paper_number in (
            select paper_number
            from (
                select paper_number, is_whole
                from kept
                order by score desc, paper_id
                limit {{ max_phrase_candidates }}
            )
            where is_whole
        )
),

texts as (
    select
        candidates.paper_number,
        candidates.word_count,
        {{ search_text('papers.title') }} as title_words,
        {{ search_text("coalesce(papers.abstract, '')") }} as abstract_words
    from candidates
    inner join {{ papers_table }} as papers on candidates.paper_id = papers.paper_id
),

compared as (
    select
        paper_number,
        case
            when contains(abstract_words, typed)
                then 7 - 2.0 * len({{ search_content(search_words(before_typed)) }}) / word_count
            when contains(title_words, typed) then 5
            else 0
        end as gain,
        len(list_filter(coalesce(needed, []), lambda phrase: not contains(title_words || abstract_words, phrase))) = 0
        and len(list_filter(coalesce(excluded, []), lambda phrase: contains(title_words || abstract_words, phrase))) = 0
            as is_match
    from texts
    cross join phrases
)

select kept.paper_id, round(kept.score + coalesce(compared.gain, 0), 6) as score
from kept
left join compared on kept.paper_number = compared.paper_number
where coalesce(compared.is_match, true)
order by 2 desc, 1
{%- endmacro %}

{# The values of `has:`. The facts of a paper are the sum of 1, 2, 4 and 8 for those that it has, in this order. #}
{% macro search_fact_names() -%}['code', 'project', 'abstract', 'organization']{%- endmacro %}

{% macro search_facts(papers) -%}
cast(
    case when {{ papers }}.code_url is not null then 1 else 0 end
    + case when {{ papers }}.project_url is not null then 2 else 0 end
    + case when {{ papers }}.abstract is not null then 4 else 0 end
    + case when {{ papers }}.organization_id is not null then 8 else 0 end
    as utinyint
)
{%- endmacro %}

{# The statement that creates marts.search(query). `file_id` as in table_macros. #}
{% macro search_macro(file_id) -%}
create or replace macro marts.search(query) as table
{{ search_query('marts.dim_papers', 'intermediate.int_search_papers', 'intermediate.int_search_postings', is_file_in_use(file_id)) }};
comment on macro table marts.search is 'One row per paper that matches `query`: `paper_id` and `score` (BM25, without unit), best first. A query has words, "a phrase", -excluded words, author:, org:, has:code, after:2026-09-01 and before:.';
{%- endmacro %}
