{# Repositories and owners that listed links name. Links are listed with blanks, line breaks, folders of a repository and
   hosts in any case. #}

{# The first link of a text, without white space and characters of no width. An address of git's ssh protocol becomes
   that of the web page. #}
{% macro web_link(text) -%}
{%- set blank = ' \\t\\r\\n\\x{a0}\\x{200b}-\\x{200d}\\x{2060}\\x{feff}' -%}
{%- set first = replace_all(text, '(?is)([^' ~ blank ~ '])[' ~ blank ~ ']+[^/]*https?://.*$', '$1') -%}
{{ replace_all(replace_all(first, '[' ~ blank ~ ']+', ''), '^(?:ssh://)?git@([A-Za-z0-9.-]+)[:/]', 'https://$1/') }}
{%- endmacro %}

{# The repository of a link, as host/owner/name with the host in lower case; null if it has none. `link` is a result of
   web_link. At Hugging Face a project page is a model, a data set or a demo; `with_hugging_face`: it counts too. #}
{% macro repository_of(link, with_hugging_face) -%}
{%- set start = '^(?i)(?:(?:git[+])?(?:https?|git|ssh)://)?(?:www[.])?' -%}
{%- set name = '([A-Za-z0-9_.-]*?[A-Za-z0-9_-])(?:[.]git)?[.,;:)]*' -%}
{%- set owned = start ~ '(github[.]com|bitbucket[.]org|codeberg[.]org|gitee[.]com)/+([A-Za-z0-9_-][A-Za-z0-9_.-]*)/+' ~ name ~ '(?:[/?#].*)?$' -%}
{%- set grouped = start ~ '(gitlab[.]com)/+([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*?)/+' ~ name ~ '(?:/+(?:-|tree|blob|raw|issues|wikis|releases)(?:/.*)?|/*(?:[?#].*)?)$' -%}
{%- set hugging_face = start ~ '(huggingface[.]co)/+((?:(?:spaces|datasets)/+)?[A-Za-z0-9_.-]+)/+' ~ name ~ '(?:[/?#].*)?$' -%}
{%- set no_owner = start ~ '(?:github[.]com/+(?:orgs|topics|sponsors|marketplace|apps|users|collections|search|login|features|settings|explore|trending|about|enterprise|pricing|stars|notifications)|gitlab[.]com/+(?:explore|users|groups|help|search)|huggingface[.]co/+(?:collections|papers|blog|docs|learn|models|organizations|settings|tasks|posts|join|login))(?:[/?#]|$)' -%}
case
    when {{ has_match(link, no_owner) }} then null
    {%- for pattern in [owned, grouped] + ([hugging_face] if with_hugging_face else []) %}
    when {{ has_match(link, pattern) }}
        then concat({{ lower_case(replace_all(link, pattern, '$1')) }}, '/', {{ replace_all(link, pattern, '$2/$3') }})
    {%- endfor %}
end
{%- endmacro %}

{# The owner at a code host, as host/owner, of a link that names an owner and no repository; else null. #}
{% macro code_owner_of(link) -%}
{%- set pattern = '^(?i)(?:https?://)?(?:www[.])?(github[.]com|gitlab[.]com|bitbucket[.]org|codeberg[.]org|gitee[.]com)/+([A-Za-z0-9_-][A-Za-z0-9_.-]*)/*$' -%}
case
    when {{ has_match(link, pattern) }}
        then concat({{ lower_case(replace_all(link, pattern, '$1')) }}, '/', {{ replace_all(link, pattern, '$2') }})
end
{%- endmacro %}
