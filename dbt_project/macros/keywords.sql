{# A keyword in lower case with single spaces, spaces for hyphens and underscores, and without what follows ` (`, as in
   "language models (LLMs)". #}
{% macro folded_keyword(text) -%}
{{ normalize_space("replace(replace(" ~ lower_case("split_part(" ~ text ~ ", ' (', 1)") ~ ", '-', ' '), '_', ' ')") }}
{%- endmacro %}

{# The last word of a folded keyword in the singular, by the endings of regular English plurals. Words that end so
   without being plurals (physics, loss, bias, analysis, corpus, series) are left alone. #}
{% macro stemmed_keyword(text) -%}
case
    when {{ text }} like '%series' or {{ text }} like '%species' then {{ text }}
    when {{ text }} like '%ies' and length({{ text }}) > 4
        then concat(substring({{ text }}, 1, length({{ text }}) - 3), 'y')
    when {{ text }} like '%sses' or {{ text }} like '%shes' or {{ text }} like '%ches' or {{ text }} like '%xes'
        then substring({{ text }}, 1, length({{ text }}) - 2)
    when {{ text }} like '%ss' or {{ text }} like '%us' or {{ text }} like '%is' or {{ text }} like '%as' or {{ text }} like '%ics'
        then {{ text }}
    when {{ text }} like '%s' and length({{ text }}) > 3 then substring({{ text }}, 1, length({{ text }}) - 1)
    else {{ text }}
end
{%- endmacro %}
