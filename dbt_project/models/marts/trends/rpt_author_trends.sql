-- Most questions are about the latest week, and a build drops whole ones.
{{ entity_weeks_by_difference('bridge_paper_authors', 'author_id', ['week']) }}
