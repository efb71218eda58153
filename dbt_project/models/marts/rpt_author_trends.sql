{{ entity_weeks('select distinct paper_id, author_id from ' ~ ref('bridge_paper_authors'), 'author_id') }}
