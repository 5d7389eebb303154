SELECT pattern['count'] AS messages, pattern['template'] AS template, pattern['example'] AS example
FROM (SELECT unnest(patterns(body)) AS pattern FROM logs)
ORDER BY messages DESC, template LIMIT 10
