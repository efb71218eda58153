{# The only file that differs by engine. A model that needs something DuckDB and Spark say differently calls a
   macro of this file; a second engine adds its `<engine>__` variants here and nowhere else. #}

{# White space runs become one space; ends are trimmed. Null stays null. #}
{% macro normalize_space(text) -%}{{ return(adapter.dispatch('normalize_space')(text)) }}{%- endmacro %}
{% macro duckdb__normalize_space(text) -%}trim(regexp_replace({{ text }}, '\s+', ' ', 'g')){%- endmacro %}

{# Every match of a regular expression replaced. `replacement` may name groups as $1, $2. #}
{% macro replace_all(text, pattern, replacement) -%}
{{ return(adapter.dispatch('replace_all')(text, pattern, replacement)) }}
{%- endmacro %}
{% macro duckdb__replace_all(text, pattern, replacement) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement | replace("$", "\\") }}', 'g')
{%- endmacro %}

{# Whether a text has a match of a regular expression. #}
{% macro has_match(text, pattern) -%}{{ return(adapter.dispatch('has_match')(text, pattern)) }}{%- endmacro %}
{% macro duckdb__has_match(text, pattern) -%}regexp_matches({{ text }}, '{{ pattern }}'){%- endmacro %}

{# A text without accents on its letters. #}
{% macro without_accents(text) -%}{{ return(adapter.dispatch('without_accents')(text)) }}{%- endmacro %}
{% macro duckdb__without_accents(text) -%}strip_accents({{ text }}){%- endmacro %}

{# Sixteen hex digits of a text: stable on every engine. #}
{% macro short_hash(text) -%}substring(md5({{ text }}), 1, 16){%- endmacro %}

{# One number for a group of rows, whatever their order: equal rows give equal numbers, and another value another
   number but for one chance in 2^64. Hashed twice, because DuckDB combines the columns of a row linearly, so that
   values swapped between two rows would cancel. #}
{% macro rows_fingerprint(columns) -%}{{ return(adapter.dispatch('rows_fingerprint')(columns)) }}{%- endmacro %}
{% macro duckdb__rows_fingerprint(columns) -%}bit_xor(hash(hash({{ columns | join(', ') }}))){%- endmacro %}

{# The same for one row. #}
{% macro row_fingerprint(columns) -%}{{ return(adapter.dispatch('row_fingerprint')(columns)) }}{%- endmacro %}
{% macro duckdb__row_fingerprint(columns) -%}hash({{ columns | join(', ') }}){%- endmacro %}

{# Seconds from one timestamp to another as a double, fractions kept. #}
{% macro seconds_between(earlier, later) -%}{{ return(adapter.dispatch('seconds_between')(earlier, later)) }}{%- endmacro %}
{% macro duckdb__seconds_between(earlier, later) -%}
(cast(epoch_us({{ later }}) - epoch_us({{ earlier }}) as double) / 1000000.0)
{%- endmacro %}

{# Microseconds from one timestamp to another as a whole number. #}
{% macro microseconds_between(earlier, later) -%}{{ return(adapter.dispatch('microseconds_between')(earlier, later)) }}{%- endmacro %}
{% macro duckdb__microseconds_between(earlier, later) -%}(epoch_us({{ later }}) - epoch_us({{ earlier }})){%- endmacro %}

{# A sum of whole numbers that can't overflow: as many digits as it takes. #}
{% macro exact_sum(value) -%}{{ return(adapter.dispatch('exact_sum')(value)) }}{%- endmacro %}
{% macro duckdb__exact_sum(value) -%}sum({{ value }}){%- endmacro %}

{# A timestamp some hours earlier. `hours` is a literal. #}
{% macro hours_before(moment, hours) -%}{{ return(adapter.dispatch('hours_before')(moment, hours)) }}{%- endmacro %}
{% macro duckdb__hours_before(moment, hours) -%}({{ moment }} - interval '{{ hours }} hours'){%- endmacro %}

{# FROM clause: one row per day of each row's span, as column `day` (a date), both ends included. #}
{% macro day_spine(relation, first_day, last_day) -%}
{{ return(adapter.dispatch('day_spine')(relation, first_day, last_day)) }}
{%- endmacro %}
{% macro duckdb__day_spine(relation, first_day, last_day) -%}
(
    select
        spans.*,
        cast(days.day as date) as day
    from {{ relation }} as spans,
        unnest(generate_series(cast(spans.{{ first_day }} as timestamp), cast(spans.{{ last_day }} as timestamp), interval '1 day')) as days (day)
)
{%- endmacro %}

{# FROM clause: one row per element of an array column, as columns `element` and `element_position` (from 1). #}
{% macro unnest_with_position(relation, array_column) -%}
{{ return(adapter.dispatch('unnest_with_position')(relation, array_column)) }}
{%- endmacro %}
{% macro duckdb__unnest_with_position(relation, array_column) -%}
(
    select
        arrays.*,
        unnest(arrays.{{ array_column }}) as element,
        generate_subscripts(arrays.{{ array_column }}, 1) as element_position
    from {{ relation }} as arrays
)
{%- endmacro %}

{# Every run of neighbouring words of a text, as an array. Words are what stands between single spaces. #}
{% macro word_runs(text) -%}{{ return(adapter.dispatch('word_runs')(text)) }}{%- endmacro %}
{% macro duckdb__word_runs(text) -%}
flatten(list_transform(
    range(1, len(string_split({{ text }}, ' ')) + 1),
    lambda first: list_transform(
        range(first, len(string_split({{ text }}, ' ')) + 1),
        lambda last: array_to_string(string_split({{ text }}, ' ')[first:last], ' ')
    )
))
{%- endmacro %}

{# How many bits differ between two whole numbers. #}
{% macro bits_apart(one, other) -%}{{ return(adapter.dispatch('bits_apart')(one, other)) }}{%- endmacro %}
{% macro duckdb__bits_apart(one, other) -%}bit_count(xor({{ one }}, {{ other }})){%- endmacro %}

{# A sum of doubles in a fixed order: the same rows give the same last digit, whatever thread met them first. #}
{% macro ordered_sum(value, key) -%}{{ return(adapter.dispatch('ordered_sum')(value, key)) }}{%- endmacro %}
{% macro duckdb__ordered_sum(value, key) -%}
list_sum(list({{ value }} order by {{ key }}))
{%- endmacro %}

{# The Monday of a day's ISO week, as a date. #}
{% macro iso_week(day) -%}cast(date_trunc('week', {{ day }}) as date){%- endmacro %}

{# The day of the ISO week of a date or timestamp: 1 Monday to 7 Sunday. #}
{% macro iso_weekday(moment) -%}{{ return(adapter.dispatch('iso_weekday')(moment)) }}{%- endmacro %}
{% macro duckdb__iso_weekday(moment) -%}isodow({{ moment }}){%- endmacro %}

{# A JSON object of name → SQL value, as text with keys in the order given. #}
{% macro json_object_text(pairs) -%}{{ return(adapter.dispatch('json_object_text')(pairs)) }}{%- endmacro %}
{% macro duckdb__json_object_text(pairs) -%}
cast(json_object({% for name, value in pairs.items() %}'{{ name }}', {{ value }}{{ ", " if not loop.last }}{% endfor %}) as varchar)
{%- endmacro %}

{# Table macros of the published file. They name tables as schema.table: under its new name the file has another
   catalog. On an engine without table macros this does nothing. #}
{% macro create_table_macros() -%}{{ return(adapter.dispatch('create_table_macros')()) }}{%- endmacro %}
{% macro default__create_table_macros() -%}select 1{%- endmacro %}
{% macro duckdb__create_table_macros() -%}
{% if execute and flags.WHICH in ('build', 'run') %}
create or replace macro marts.upvotes_as_of(ts) as table
{{ upvotes_as_of('marts.fct_upvote_observations', 'intermediate.int_papers_measured', 'cast(ts as timestamp)') }};
create or replace macro marts.trends_as_of(ts) as table
{{ paper_trends('marts.fct_upvote_observations', 'marts.fct_listings', 'cast(ts as timestamp)') }};
{% else %}select 1{% endif %}
{%- endmacro %}
