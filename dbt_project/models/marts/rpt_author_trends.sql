{{ entity_weeks_by_difference('bridge_paper_authors', 'author_id') }}
