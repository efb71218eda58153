{# Whether a field of a paper is known, empty, or not provided yet: the source added its fields over time. #}

{# Field of dim_papers → paths of the payload that carry it. #}
{% macro fields_by_path() -%}
{{ return({
    'code': ['paper.githubRepo'],
    'organization': ['organization', 'paper.organization'],
    'keywords': ['paper.ai_keywords'],
    'ai_summary': ['paper.ai_summary'],
    'project_page': ['paper.projectPage'],
}) }}
{%- endmacro %}

{# Columns: for each field, since which observation (UTC) a load carries one of its paths. #}
{% macro first_seen_by_field() -%}
{% for field, paths in fields_by_path().items() -%}
min(case when field_path in ('{{ paths | join("', '") }}') then first_seen_at end) as {{ field }}_since{{ "," if not loop.last }}
{% endfor %}
{%- endmacro %}

{# The status of a field of a paper. `latest` is the paper's row of int_papers_latest, `fields` the
   moments since which the source provides each field; a text can carry only what it shows. #}
{% macro field_status(field, is_known) -%}
case
    when {{ is_known }} then 'known'
    when latest.first_fully_observed_at is not null and latest.observed_at >= fields.{{ field }}_since then 'none'
    else 'not_provided'
end
{%- endmacro %}

{# A time of submission, null where its load has none but midnights. `cut` is the load's row of
   int_loads_with_cut_times. #}
{% macro submission_time(submitted_at) -%}
case when cut.load_id is null or {{ submitted_at }} <> {{ midnight_of(submitted_at) }} then {{ submitted_at }} end
{%- endmacro %}

{# Why there is no time of submission. #}
{% macro submission_time_missing_reason(submitted_at) -%}
case
    when {{ submitted_at }} is null then 'not given by the source'
    when cut.load_id is not null and {{ submitted_at }} = {{ midnight_of(submitted_at) }} then 'cut to the day by the source'
end
{%- endmacro %}

{# The start of a moment's UTC day. #}
{% macro midnight_of(moment) -%}cast(cast({{ moment }} as date) as timestamp){%- endmacro %}
