{# A title for display: TeX is replaced by the rules of dbt_project.yml, which warehouse/display.py applies too. Titles
   without TeX, most of them, stay as they are. #}
{% macro display_title(text) -%}
{%- set readable = namespace(sql='title_text') -%}
{%- for pattern, character, mark in var('title_escapes') -%}
{%- set readable.sql = replace_all(readable.sql, '\\x5c' ~ pattern, mark) -%}
{%- endfor -%}
{%- for pattern, replacement in var('title_rules') -%}
{%- set readable.sql = replace_all(readable.sql, pattern, replacement) -%}
{%- endfor -%}
{%- for pattern, character, mark in var('title_escapes') -%}
{%- set readable.sql = 'replace(' ~ readable.sql ~ ", '" ~ mark ~ "', '" ~ character ~ "')" -%}
{%- endfor -%}
case
    when {{ has_match(text, '[\\x5c\\x24~`{}^_]|--|\\x27\\x27') }} then {{ normalize_space(readable.sql | replace('title_text', text)) }}
    else {{ text }}
end
{%- endmacro %}
