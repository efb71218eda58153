{# Each column holds only the values listed for it. Null passes: whether a column may be null is its own question. #}
{% test accepted_by_column(model, accepted) %}
{% for column, values in accepted.items() %}
select distinct
    '{{ column }}' as column_name,
    {{ column }} as unexpected_value
from {{ model }}
where {{ column }} not in ('{{ values | join("', '") }}')
{{ "union all" if not loop.last }}
{% endfor %}
{% endtest %}
