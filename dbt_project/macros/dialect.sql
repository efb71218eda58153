{# SQL that differs between DuckDB and Spark: each macro has a variant by engine, `duckdb__…` and `spark__…`. Models call
   the macro and name no engine. Both variants give the same values: where the engines' functions differ (regular
   expressions of RE2 and Java, white space, Unicode), Spark's variant computes what DuckDB's function does. #}

{# White space runs become one space; ends are trimmed. Null stays null. #}
{% macro normalize_space(text) -%}{{ return(adapter.dispatch('normalize_space')(text)) }}{%- endmacro %}
{% macro duckdb__normalize_space(text) -%}trim(regexp_replace({{ text }}, '\s+', ' ', 'g')){%- endmacro %}
{% macro spark__normalize_space(text) -%}
regexp_replace(regexp_replace({{ text }}, r'[\t\n\f\r ]+', ' '), r'^\p{Zs}+|\p{Zs}+$', '')
{%- endmacro %}

{# Every match of a regular expression replaced. `replacement` may name groups as $1, $2. #}
{% macro replace_all(text, pattern, replacement) -%}
{{ return(adapter.dispatch('replace_all')(text, pattern, replacement)) }}
{%- endmacro %}
{% macro duckdb__replace_all(text, pattern, replacement) -%}
regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement | replace("$", "\\") }}', 'g')
{%- endmacro %}
{% macro spark__replace_all(text, pattern, replacement) -%}
regexp_replace({{ text }}, r'{{ re2_in_java(pattern) }}', '{{ replacement }}')
{%- endmacro %}

{# Whether a text has a match of a regular expression. #}
{% macro has_match(text, pattern) -%}{{ return(adapter.dispatch('has_match')(text, pattern)) }}{%- endmacro %}
{% macro duckdb__has_match(text, pattern) -%}regexp_matches({{ text }}, '{{ pattern }}'){%- endmacro %}
{% macro spark__has_match(text, pattern) -%}({{ text }} rlike r'{{ re2_in_java(pattern) }}'){%- endmacro %}

{# A pattern of RE2 in Java's syntax. In RE2, words are ASCII, only a newline ends a line, and `$` is the end of the
   text, not the place before its last newline. #}
{% macro re2_in_java(pattern) -%}
{%- set edge = '(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))' -%}
(?d){{ pattern | replace('\\b', edge) | replace('$', '\\z') }}
{%- endmacro %}

{# A text without accents on its letters, composed. Marks of scripts in which they are vowels or letters stay:
   `MARKED_SCRIPTS` of warehouse/keys.py has the same ranges. #}
{% macro without_accents(text) -%}{{ return(adapter.dispatch('without_accents')(text)) }}{%- endmacro %}
{% macro duckdb__without_accents(text) -%}
{%- set scripts = '\\x{590}-\\x{10ff}\\x{1700}-\\x{1aaf}\\x{1b00}-\\x{1c7f}\\x{3040}-\\x{30ff}\\x{a800}-\\x{abff}'
    ~ '\\x{fb1d}-\\x{fb4e}\\x{10a00}-\\x{11fff}\\x{1e100}-\\x{1e95f}' -%}
case
    when regexp_matches({{ text }}, '[{{ scripts }}]')
        then nfc_normalize(array_to_string(list_transform(
            regexp_extract_all({{ text }}, '[{{ scripts }}]+|[^{{ scripts }}]+'),
            lambda run: case when regexp_matches(run, '^[{{ scripts }}]') then run else strip_accents(run) end
        ), ''))
    else strip_accents({{ text }})
end
{%- endmacro %}
{% macro spark__without_accents(text) -%}papers_without_accents({{ text }}){%- endmacro %}

{# Lower case, one letter for each letter. Java has two exceptions, which Spark's variant avoids: it makes two characters
   of İ, and ς of a Σ at the end of a word. #}
{% macro lower_case(text) -%}{{ return(adapter.dispatch('lower_case')(text)) }}{%- endmacro %}
{% macro duckdb__lower_case(text) -%}lower({{ text }}){%- endmacro %}
{% macro spark__lower_case(text) -%}lower(translate({{ text }}, 'İΣ', 'iσ')){%- endmacro %}

{# The edit distance (Levenshtein) of two texts in bytes of UTF-8. #}
{% macro edit_distance(a, b) -%}{{ return(adapter.dispatch('edit_distance')(a, b)) }}{%- endmacro %}
{% macro duckdb__edit_distance(a, b) -%}levenshtein({{ a }}, {{ b }}){%- endmacro %}
{% macro spark__edit_distance(a, b) -%}
levenshtein(decode(encode({{ a }}, 'UTF-8'), 'ISO-8859-1'), decode(encode({{ b }}, 'UTF-8'), 'ISO-8859-1'))
{%- endmacro %}

{# Sixteen hex digits of a text: stable on every engine. #}
{% macro short_hash(text) -%}substring(md5({{ text }}), 1, 16){%- endmacro %}

{# An aggregate: one number for a group of rows in any order. Equal groups give equal numbers; different ones give the
   same number with a chance of one in 2^64. DuckDB's hash is applied twice, because it combines the columns of a row
   linearly: values swapped between two rows would cancel. #}
{% macro rows_fingerprint(columns) -%}{{ return(adapter.dispatch('rows_fingerprint')(columns)) }}{%- endmacro %}
{% macro duckdb__rows_fingerprint(columns) -%}bit_xor(hash(hash({{ columns | join(', ') }}))){%- endmacro %}
{% macro spark__rows_fingerprint(columns) -%}bit_xor({{ row_fingerprint(columns) }}){%- endmacro %}

{# One number for a row, as in rows_fingerprint. #}
{% macro row_fingerprint(columns) -%}{{ return(adapter.dispatch('row_fingerprint')(columns)) }}{%- endmacro %}
{% macro duckdb__row_fingerprint(columns) -%}hash({{ columns | join(', ') }}){%- endmacro %}
{% macro spark__row_fingerprint(columns) -%}
{# xxhash64 skips nulls, so each column is hashed with whether it is null. #}
xxhash64({% for column in columns %}{{ column }}, isnull({{ column }}){{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}

{# Seconds from one timestamp to another as a double, fractions kept. #}
{% macro seconds_between(earlier, later) -%}{{ return(adapter.dispatch('seconds_between')(earlier, later)) }}{%- endmacro %}
{% macro duckdb__seconds_between(earlier, later) -%}
(cast(epoch_us({{ later }}) - epoch_us({{ earlier }}) as double) / 1000000.0)
{%- endmacro %}
{% macro spark__seconds_between(earlier, later) -%}
(cast({{ microseconds_between(earlier, later) }} as double) / 1000000.0)
{%- endmacro %}

{# Microseconds from one timestamp to another as a whole number. #}
{% macro microseconds_between(earlier, later) -%}{{ return(adapter.dispatch('microseconds_between')(earlier, later)) }}{%- endmacro %}
{% macro duckdb__microseconds_between(earlier, later) -%}(epoch_us({{ later }}) - epoch_us({{ earlier }})){%- endmacro %}
{% macro spark__microseconds_between(earlier, later) -%}timestampdiff(microsecond, {{ earlier }}, {{ later }}){%- endmacro %}

{# A sum of bigint that does not overflow: DuckDB's is a hugeint, Spark's a decimal. #}
{% macro exact_sum(value) -%}{{ return(adapter.dispatch('exact_sum')(value)) }}{%- endmacro %}
{% macro duckdb__exact_sum(value) -%}sum({{ value }}){%- endmacro %}
{% macro spark__exact_sum(value) -%}sum(cast({{ value }} as decimal(28, 0))){%- endmacro %}

{# The timestamp `hours` hours before `moment`. `hours` is a literal number. #}
{% macro hours_before(moment, hours) -%}{{ return(adapter.dispatch('hours_before')(moment, hours)) }}{%- endmacro %}
{% macro duckdb__hours_before(moment, hours) -%}({{ moment }} - interval '{{ hours }} hours'){%- endmacro %}
{% macro spark__hours_before(moment, hours) -%}({{ moment }} - interval {{ hours }} hours){%- endmacro %}

{# Replaces dbt-spark's dateadd, which fails for null and converts by the session's time zone. Adds days only. #}
{% macro spark__dateadd(datepart, interval, from_date_or_timestamp) -%}
{%- if datepart != 'day' -%}{{ exceptions.raise_compiler_error('dateadd adds days on Spark, not ' ~ datepart) }}{%- endif -%}
date_add(cast({{ from_date_or_timestamp }} as date), {{ interval }})
{%- endmacro %}

{# FROM clause: the rows of a relation, each once per day from `first_day` to `last_day`, in the column `day` (a date). #}
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
{% macro spark__day_spine(relation, first_day, last_day) -%}
(
    select
        spans.*,
        days.day
    from {{ relation }} as spans
    lateral view explode(sequence(spans.{{ first_day }}, spans.{{ last_day }}, interval 1 day)) days as day
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
{% macro spark__unnest_with_position(relation, array_column) -%}
(
    select
        arrays.*,
        elements.element,
        elements.element_index + 1 as element_position
    from {{ relation }} as arrays
    lateral view posexplode(arrays.{{ array_column }}) elements as element_index, element
)
{%- endmacro %}

{# Every run of one or more neighbouring words of a text, as an array. Words are separated by single spaces. #}
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

{% macro spark__word_runs(text) -%}
flatten(transform(
    sequence(1, size(split({{ text }}, ' '))),
    first -> transform(
        sequence(first, size(split({{ text }}, ' '))),
        last -> array_join(slice(split({{ text }}, ' '), first, last - first + 1), ' ')
    )
))
{%- endmacro %}

{# A text with each of its words replaced by `expression`, SQL of the variable `word`. Single spaces separate words. #}
{% macro each_word(text, expression) -%}{{ return(adapter.dispatch('each_word')(text, expression)) }}{%- endmacro %}
{% macro duckdb__each_word(text, expression) -%}
array_to_string(list_transform(string_split({{ text }}, ' '), lambda word: {{ expression }}), ' ')
{%- endmacro %}
{% macro spark__each_word(text, expression) -%}
array_join(transform(split({{ text }}, ' '), word -> {{ expression }}), ' ')
{%- endmacro %}

{# How many bits differ between two whole numbers. #}
{% macro bits_apart(one, other) -%}{{ return(adapter.dispatch('bits_apart')(one, other)) }}{%- endmacro %}
{% macro duckdb__bits_apart(one, other) -%}bit_count(xor({{ one }}, {{ other }})){%- endmacro %}
{% macro spark__bits_apart(one, other) -%}bit_count({{ one }} ^ {{ other }}){%- endmacro %}

{# A sum of doubles that is equal to the last digit in every run: `key` orders the summands. Spark's variant adds decimals,
   whose sum has no rounding and needs no order, so no machine has to hold a whole group. #}
{% macro ordered_sum(value, key) -%}{{ return(adapter.dispatch('ordered_sum')(value, key)) }}{%- endmacro %}
{% macro duckdb__ordered_sum(value, key) -%}
list_sum(list({{ value }} order by {{ key }}))
{%- endmacro %}
{% macro spark__ordered_sum(value, key) -%}
cast(sum(cast({{ value }} as decimal(28, 18))) as double)
{%- endmacro %}

{# Replaces dbt-spark's listagg, which has no order. This one orders the texts by themselves. #}
{% macro spark__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
{%- if order_by_clause != 'order by ' ~ measure or limit_num -%}
{{ exceptions.raise_compiler_error('listagg lists texts in their own order on Spark') }}
{%- endif -%}
array_join(sort_array(collect_list({{ measure }})), {{ delimiter_text }})
{%- endmacro %}

{# The first date of the day, ISO week (its Monday), month or year that a date is in. #}
{% macro period_start(period, day) -%}cast(date_trunc('{{ period }}', {{ day }}) as date){%- endmacro %}

{# The day of the ISO week of a date or timestamp: 1 Monday to 7 Sunday. #}
{% macro iso_weekday(moment) -%}{{ return(adapter.dispatch('iso_weekday')(moment)) }}{%- endmacro %}
{% macro duckdb__iso_weekday(moment) -%}isodow({{ moment }}){%- endmacro %}
{% macro spark__iso_weekday(moment) -%}(weekday(cast({{ moment }} as date)) + 1){%- endmacro %}

{# A JSON object of name → SQL value, as text with keys in the order given. #}
{% macro json_object_text(pairs) -%}{{ return(adapter.dispatch('json_object_text')(pairs)) }}{%- endmacro %}
{% macro duckdb__json_object_text(pairs) -%}
cast(json_object({% for name, value in pairs.items() %}'{{ name }}', {{ value }}{{ ", " if not loop.last }}{% endfor %}) as varchar)
{%- endmacro %}
{% macro spark__json_object_text(pairs) -%}
to_json(
    named_struct({% for name, value in pairs.items() %}'{{ name }}', {{ value }}{{ ", " if not loop.last }}{% endfor %}),
    map('ignoreNullFields', 'false')
)
{%- endmacro %}

{# Replaces dbt-spark's loading of seeds, which writes null as 'None' and fails for a text with an apostrophe. #}
{% macro spark__load_csv_rows(model, agate_table) -%}
{%- set types = model.config.column_types -%}
{%- set query -%}
insert into {{ this }} values
{% for row in agate_table.rows %}
({% for value in row -%}
{%- set name = agate_table.column_names[loop.index0] -%}
cast({% if value is none %}null{% else %}'{{ value | string | replace('\\', '\\\\') | replace("'", "\\'") }}'{% endif %} as {{ types[name] or 'string' }})
{{- ", " if not loop.last }}
{%- endfor %}){{ "," if not loop.last }}
{% endfor %}
{%- endset -%}
{%- if agate_table.rows | length -%}{%- do adapter.add_query(query, abridge_sql_log=True) -%}{%- endif -%}
{{ return('') }}
{%- endmacro %}

{# Replaces dbt-spark's check of a contract: its varchar is Spark's string. #}
{% macro spark__get_empty_schema_sql(columns) -%}
{%- set named = {} -%}
{%- for name, column in columns.items() -%}
{%- do named.update({name: dict(column, data_type='string' if column.data_type == 'varchar' else column.data_type)}) -%}
{%- endfor -%}
{{ return(default__get_empty_schema_sql(named)) }}
{%- endmacro %}

{# Replaces dbt-spark's table of a Python model: the model returns a DataFrame, which is written as an Iceberg table. #}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') %}
{% if language == 'python' %}
{{ compiled_code }}
model(dbtObj(spark.table), spark).writeTo("{{ relation }}").using("iceberg").createOrReplace()
{% else %}
{{ return(dbt.spark__create_table_as(temporary, relation, compiled_code, language)) }}
{% endif %}
{% endmacro %}
