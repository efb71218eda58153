-- Questions are about a keyword through the weeks, and texts that lie together take little room.
{{ entity_weeks_by_difference('int_paper_keywords', 'keyword', ['keyword', 'week'], of_those_with_one=true) }}
