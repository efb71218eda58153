{# Each column holds only keys of its parent, where the key has the same name. Null refers to nothing and passes. #}
{% test references(model, keys) %}
{% for column, parent in keys.items() %}
select
    '{{ column }}' as column_name,
    cast(child.{{ column }} as {{ dbt.type_string() }}) as orphan
from {{ model }} as child
left join {{ parent }} as parent on child.{{ column }} = parent.{{ column }}
where child.{{ column }} is not null and parent.{{ column }} is null
{{ "union all" if not loop.last }}
{% endfor %}
{% endtest %}
