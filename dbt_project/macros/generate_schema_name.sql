{# Schemas are named as written, without the target's name in front: readers query marts.dim_papers. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
