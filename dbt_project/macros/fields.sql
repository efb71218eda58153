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

{# Columns `<field>_since`: the first observation (UTC) whose load has one of the field's paths. #}
{% macro first_seen_by_field() -%}
{% for field, paths in fields_by_path().items() -%}
min(case when field_path in ('{{ paths | join("', '") }}') then first_seen_at end) as {{ field }}_since{{ "," if not loop.last }}
{% endfor %}
{%- endmacro %}

{# The status of a field of a paper: `known`; `none`, where the paper was observed in full (API or page), and last at a
   time when the source provided the field; else `not_provided`. Reads `latest`, the paper's row of int_papers_latest,
   and `fields`, the columns of first_seen_by_field. #}
{% macro field_status(field, is_known) -%}
case
    when {{ is_known }} then 'known'
    when latest.first_fully_observed_at is not null and latest.observed_at >= fields.{{ field }}_since then 'none'
    else 'not_provided'
end
{%- endmacro %}

{# The time of submission; null at midnight in a load whose times were all cut to the day. `cut` is the load's row of
   int_loads_with_cut_times. #}
{% macro submission_time(submitted_at) -%}
case when cut.load_id is null or {{ submitted_at }} <> {{ midnight_of(submitted_at) }} then {{ submitted_at }} end
{%- endmacro %}

{# Why submission_time is null. #}
{% macro submission_time_missing_reason(submitted_at) -%}
case
    when {{ submitted_at }} is null then 'not given by the source'
    when cut.load_id is not null and {{ submitted_at }} = {{ midnight_of(submitted_at) }} then 'cut to the day by the source'
end
{%- endmacro %}

{# The start of a moment's UTC day. #}
{% macro midnight_of(moment) -%}cast(cast({{ moment }} as date) as timestamp){%- endmacro %}
