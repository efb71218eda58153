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

{# The numbers of the terms of a list of words and of its pairs, with the prefix (an expression) of terms in names. #}
{% macro search_keys(words, prefix='') -%}
{%- set term = '(' ~ prefix ~ ' || term)' if prefix else 'term' -%}
list_transform({{ words }} || {{ search_pairs(words) }}, lambda term: {{ search_key(term) }})
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
   are read. `materialized` keeps a CTE from being planned once for each of its readers. Planning and starting 135
   operators is most of the 26 ms of CPU that a query takes on 20,000 papers (2026-11), so each join or expression that is
   added here costs every query. #}
{% macro search_query(papers_table, numbers_table, postings_table, condition) -%}
{%- set max_phrase_candidates = 300 -%}
-- One row per part of the query: its words as typed, its terms, and the number of each term and pair of terms.
with parts as materialized (
    select
        *,
        {{ search_keys('terms', 'prefix') }} as keys
    from (
        select
            *,
            -- Punctuation and invisible characters alone are left out.
            field <> '' or regexp_matches(value, '[\p{L}\p{N}]') as is_read,
            field = '' and is_quoted and len(words) > 0 as is_phrase,
            case when field in ('author', 'org') then field || ':' else '' end as prefix,
            case when field in ('author', 'org') then words else {{ search_stems(search_content('words')) }} end as terms
        from (
            select
                row_number() over () as part_number,
                part.sign = '-' as is_negative,
                part.field as field,
                trim(part.value, '"') as value,
                contains(part.value, '"') as is_quoted,
                case when part.field in ('has', 'after', 'before') then [] else {{ search_words('part.value') }} end
                    as words
            from (
                select regexp_extract(
                    unnest(regexp_extract_all(query, '-?(?:[A-Za-z]+:)?"[^"]*"|\S+')),
                    '(?s)^(-?)(?:(author|org|has|after|before):)?(.*)$', ['sign', 'field', 'value']
                ) as part
            )
        )
    )
),

-- The query in one row. The parts without a field are one text, in the order typed: pairs are made across parts.
asked as materialized (
    select
        coalesce(flatten(list(words order by part_number) filter (where not is_negative and field = '')), []) as words,
        coalesce(flatten(list(terms order by part_number) filter (where not is_negative and field = '')), []) as terms,
        max(case when field = 'after' and not is_negative then try_cast(value as date) end) as listed_after,
        min(case when field = 'before' and not is_negative then try_cast(value as date) end) as listed_before,
        coalesce(bit_or(fact) filter (where not is_negative), 0) as has,
        coalesce(bit_or(fact) filter (where is_negative), 0) as has_not,
        count(*) filter (where is_read and not is_negative and field not in ('has', 'after', 'before')) = 0
            as is_without_words,
        list(phrase) filter (where is_phrase and not is_negative) as needed_phrases,
        list(phrase) filter (where is_phrase and is_negative) as excluded_phrases,
        count(phrase) filter (where is_negative and len(terms) = 0) > 0 as is_any_suspected
    from (
        select
            *,
            case when is_phrase then ' ' || array_to_string(words, ' ') || ' ' end as phrase,
            case when field = 'has' then 1 << (list_position({{ search_fact_names() }}, value) - 1) end as fact
        from parts
    )
    having case
        when count(*) filter (where is_read) = 0
            then error('The query has no words: write some, for example prompt tuning.')
        when bool_or((length(query) - length(replace(query, '"', ''))) % 2 = 1)
            then error('A quotation mark is open: close it, or leave it out.')
        when bool_and(is_negative) filter (where is_read)
            then error('The query only excludes: add a word that papers should have.')
        when bool_or(field = 'has' and fact is null)
            then error('has: knows code, project, abstract and organization.')
        when bool_or(field in ('after', 'before') and not coalesce(isfinite(try_cast(value as date)), false))
            then error('after: and before: want a date like 2026-09-01.')
        when bool_or(field in ('author', 'org') and len(words) = 0)
            then error('author: and org: want a name, for example author:"Ada Lovelace".')
        else {{ condition }}
    end
),

-- The terms that papers are found by: what each counts (null: nothing), whether a paper with the words as typed has it,
-- and whether each paper must have it, as the terms of a field or a phrase.
wanted as materialized (
    select
        term,
        max(weight) as weight,
        bool_or(is_typed) as is_typed,
        bool_or(is_needed) as is_needed
    from (
        select
            {{ search_key('term') }} as term,
            case when contains(term, ':') then 0.5e0 when contains(term, ' ') then 3e0 else 1e0 end as weight,
            not contains(term, ':') as is_typed,
            false as is_needed
        from (
            select
                unnest(
                    terms || {{ search_pairs('terms') }}
                    || flatten(list_transform(terms, lambda term: ['author:' || term, 'org:' || term]))
                ) as term
            from asked
        )
        union all
        select term, case when prefix <> '' and term % 2 = 0 then 1e0 end, false, true
        from (select prefix, unnest(keys) as term from parts where not is_negative and (is_phrase or prefix <> ''))
    )
    group by term
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

rarity as (
    select
        term,
        ln(1 + (any_value(papers) - count(*) + 0.5e0) / (count(*) + 0.5e0)) * any_value(weight) as weight,
        any_value(mean_word_count) as mean_word_count
    from hits
    cross join (select count(*) as papers, avg(word_count) as mean_word_count from {{ numbers_table }})
    group by term
),

scored as (
    select
        hits.paper_number,
        sum(rarity.weight * frequency * 1.6e0 / (frequency + 0.6e0 * (0.25e0 + 0.75e0 * word_count / mean_word_count)))
            as score,
        count(*) filter (where is_typed) as typed_terms,
        count(*) filter (where is_needed) as needed_terms,
        -- Another pair can have the number of a pair of the query: a paper with a pair has words of it too.
        count(rarity.weight) filter (where hits.term % 2 = 0) as words
    from hits
    inner join rarity on hits.term = rarity.term
    group by hits.paper_number
),

-- The papers that have all terms of an excluded part. An excluded phrase is compared as typed, below.
suspected as materialized (
    select postings.paper_number, excluded.is_phrase
    from {{ postings_table }} as postings
    inner join (
        select part_number, is_phrase, len(list_distinct(keys)) as term_count, unnest(list_distinct(keys)) as term
        from parts
        where is_negative
    ) as excluded on postings.term = excluded.term
    group by postings.paper_number, excluded.part_number, excluded.is_phrase
    having count(*) = any_value(excluded.term_count)
),

-- A query of filters alone matches every paper that passes them, with a score of 0.
kept as materialized (
    select numbers.paper_number, numbers.paper_id, numbers.word_count, matched.score, matched.is_whole
    from (
        select scored.paper_number, scored.score, scored.typed_terms = counted.typed_terms as is_whole
        from scored
        inner join (
            select
                count(*) filter (where is_typed) as typed_terms,
                count(*) filter (where is_needed) as needed_terms
            from wanted
        ) as counted on scored.needed_terms = counted.needed_terms
        where scored.words > 0
        union all
        select numbers.paper_number, 0, false
        from {{ numbers_table }} as numbers
        cross join asked
        where asked.is_without_words
    ) as matched
    inner join {{ numbers_table }} as numbers on matched.paper_number = numbers.paper_number
    cross join asked
    where
        coalesce(numbers.last_listed_on >= asked.listed_after, asked.listed_after is null)
        and coalesce(numbers.first_listed_on < asked.listed_before, asked.listed_before is null)
        and numbers.facts & asked.has = asked.has
        and numbers.facts & asked.has_not = 0
        and matched.paper_number not in (select paper_number from suspected where not is_phrase)
),

candidates as materialized (
    select kept.paper_number, kept.paper_id, kept.word_count
    from kept
    cross join asked
    where
        asked.needed_phrases is not null
        or asked.is_any_suspected
        or (asked.excluded_phrases is not null and kept.is_whole)
        or kept.paper_number in (select paper_number from suspected where is_phrase)
    union
    select paper_number, paper_id, word_count
    from (select * from kept order by score desc, paper_id limit {{ max_phrase_candidates }})
    where is_whole
),

-- Joined by their rows, DuckDB reads the texts of the candidates alone; joined by their ids, those of all papers
-- (35 ms instead of 390 for 324 of a million, 2026-11).
placed as materialized (
    select candidates.*, papers.rowid as place
    from candidates
    inner join {{ papers_table }} as papers on candidates.paper_id = papers.paper_id
),

compared as (
    select
        paper_number,
        case
            when contains(abstract_words, typed)
                then 7 - 2e0 * len(list_filter(
                    string_split(left(abstract_words, strpos(abstract_words, typed)), ' '),
                    lambda word: word <> '' and not list_contains({{ search_stop_words() }}, word)
                )) / word_count
            when contains(title_words, typed) then 5
            else 0
        end as gain,
        len(list_filter(
            coalesce(needed_phrases, []), lambda phrase: not contains(title_words || abstract_words, phrase)
        )) = 0
        and len(list_filter(
            coalesce(excluded_phrases, []), lambda phrase: contains(title_words || abstract_words, phrase)
        )) = 0 as is_match
    from (
        select
            placed.*,
            asked.needed_phrases,
            asked.excluded_phrases,
            case when len(asked.terms) > 0 then ' ' || array_to_string(asked.words, ' ') || ' ' end as typed,
            {{ search_text('papers.title') }} as title_words,
            {{ search_text("coalesce(papers.abstract, '')") }} as abstract_words
        from placed
        inner join {{ papers_table }} as papers on placed.place = papers.rowid
        cross join asked
    )
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
