{# One row per fault of a table: a key that is null or repeated, a reference that is not a key of its parent, or a value
   that is not accepted. A column of the key may be an expression, for keys with a part that is null by design. Nulls
   pass the checks of references and values.
   One test per table, because most of a test's cost is dbt's time per node. #}
{% test primary_key(model, columns, references={}, accepted={}) %}
select
    'no key' as fault,
    concat(
        {%- for column in columns -%}
        coalesce(cast({{ column }} as {{ dbt.type_string() }}), 'null'){{ ", ' / ', " if not loop.last }}
        {%- endfor -%}
    ) as unexpected
from {{ model }}
group by
    {{ columns | join(',\n    ') }}
having
    count(*) > 1
    {% for column in columns -%}
    or {{ column }} is null
    {% endfor %}
{% for column, parent in references.items() %}
union all
select
    'no key of its parent: {{ column }}' as fault,
    cast(child.{{ column }} as {{ dbt.type_string() }}) as unexpected
from {{ model }} as child
left join {{ parent }} as parent on child.{{ column }} = parent.{{ column }}
where child.{{ column }} is not null and parent.{{ column }} is null
{% endfor %}
{% for column, values in accepted.items() %}
union all
select distinct
    'not listed: {{ column }}' as fault,
    {{ column }} as unexpected
from {{ model }}
where {{ column }} not in ('{{ values | join("', '") }}')
{% endfor %}
{% endtest %}
