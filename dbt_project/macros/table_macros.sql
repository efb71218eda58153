{# Table macros of the published file: DuckDB only. They name tables of marts as schema.table, as the file has another
   catalog under its published name. warehouse/publication/table_macros.py renders them without dbt, for a file that is
   exported from another engine. #}

{# One row per paper: the last counts observed up to a moment. Papers that were not observed since have them in
   `latest`, so that only observations of the others are read: they are selected before they are compared with the
   moment, which may be a subquery (0.1 s instead of 3.7 s for 50 million observations, 2026-11). #}
{% macro upvotes_as_of(observations, latest, moment) -%}
with observed_since as materialized (
    select
        paper_id,
        observed_at,
        upvotes,
        comments
    from {{ observations }}
    where
        upvotes is not null
        and paper_id in (select paper_id from {{ latest }} where last_observed_at > {{ moment }})
)

select
    paper_id,
    last_observed_at as observed_at,
    upvotes,
    comments
from {{ latest }}
where last_observed_at <= {{ moment }}
union all
select
    paper_id,
    max(observed_at) as observed_at,
    max_by(upvotes, observed_at) as upvotes,
    max_by(comments, case when comments is not null then observed_at end) as comments
from observed_since
where observed_at <= {{ moment }}
group by paper_id
{%- endmacro %}

{# One row per paper: the columns of rpt_paper_trends as of a moment. The SQL of the models is inlined, each as a CTE, upon
   the observations and listings known at the moment. #}
{% macro trends_as_of(observations, listings, moment) -%}
{#- Ordered: each model after those that it reads. -#}
{%- set models = [
    'int_paper_cohorts', 'int_steps_measured', 'int_papers_measured', 'int_paper_peak_days', 'int_paper_windows',
    'int_paper_gains', 'int_paper_velocities', 'int_attention_rates', 'int_paper_breakouts', 'int_paper_scores',
    'rpt_paper_trends',
] -%}
with fct_upvote_observations as (
    select * from {{ observations }} where observed_at <= {{ moment }}
),

fct_listings as (
    select * from {{ listings }} where first_observed_at <= {{ moment }}
)
{%- for model in models %},

{{ cte_of(model) }} as (
{{ inlined_model(model) }}
)
{%- endfor %}

select * from {{ cte_of('rpt_paper_trends') }}
{%- endmacro %}

{# A model's SQL in which each ref is the name of a CTE. #}
{% macro inlined_model(model) -%}
{{ render(graph.nodes['model.daily_papers.' ~ model].raw_code | replace('ref(', 'cte_of(')) }}
{%- endmacro %}

{# The CTE of a model: without the prefix of private tables, which no table macro reads. #}
{% macro cte_of(model) -%}{{ return(model | replace('int_', '')) }}{%- endmacro %}

{# Condition of a table macro: true, or an error where the database in use is another file than the macro's. DuckDB looks
   up the tables of a macro in the database in use, also for a macro of an attached file; marts.file_id() of another file
   is missing or differs from `file_id`. #}
{% macro is_file_in_use(file_id) -%}
(select
    case
        when marts.file_id() = '{{ file_id }}' then true
        else error('This macro reads the database in use, which is another file: run `use NAME` with the name that its own file is attached under.')
    end)
{%- endmacro %}

{# The statements that create the table macros. #}
{% macro table_macros(file_id) -%}
{%- set is_in_use = is_file_in_use(file_id) -%}
create or replace macro marts.file_id() as '{{ file_id }}';
comment on macro marts.file_id is 'Id of the build that made this file. The table macros compare it with the database in use.';
create or replace macro marts.folded(name) as {{ folded('name') }};
comment on macro marts.folded is 'A name as search and `papers explain` compare it: lower case, without accents, `ø` as `o`.';
create or replace macro marts.upvotes_as_of(ts) as table
select * from (
{{ upvotes_as_of('marts.fct_upvote_observations', 'marts.rpt_paper_trends', 'cast(ts as timestamp)') }}
) as answer where {{ is_in_use }};
comment on macro table marts.upvotes_as_of is 'One row per paper observed up to the moment `ts` (UTC): `observed_at`, `upvotes` and `comments` of its last observation up to then.';
create or replace macro marts.trends_as_of(ts) as table
select * from (
{{ trends_as_of('marts.fct_upvote_observations', 'marts.fct_listings', 'cast(ts as timestamp)') }}
) as answer where {{ is_in_use }};
comment on macro table marts.trends_as_of is 'The columns of `rpt_paper_trends` as they were at the moment `ts` (UTC), from the observations up to then.';
{%- endmacro %}

{# On-run-end hook: creates the table macros in the file that was built. On an engine without table macros it does nothing. #}
{% macro create_table_macros() -%}{{ return(adapter.dispatch('create_table_macros')()) }}{%- endmacro %}
{% macro default__create_table_macros() -%}select 1{%- endmacro %}
{% macro duckdb__create_table_macros() -%}
{# A build of selected models may lack the tables that the macros read. #}
{% if execute and flags.WHICH in ('build', 'run') and adapter.get_relation(target.database, 'marts', 'rpt_paper_trends') %}
{{ table_macros(invocation_id) }}
{% if adapter.get_relation(target.database, 'intermediate', 'int_search_postings') %}{{ search_macro(invocation_id) }}{% endif %}
{% else %}select 1{% endif %}
{%- endmacro %}
