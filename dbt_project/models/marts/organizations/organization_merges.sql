select
    listed_organization_id,
    listed_slug,
    listed_name,
    organization_id,
    rule,
    {{ json_object_text({
        'key': 'organization_key', 'listed_with_key': 'listed_count', 'alias': 'matched_alias',
        'reason': 'coalesce(override_reason, alias_reason)',
    }) }} as evidence,
    first_observed_at as decided_at
from {{ ref('int_organizations_resolved') }}
