SELECT s.resource_service_name AS service, s.name AS span, l.severity_text AS severity, l.body
FROM traces AS s JOIN logs AS l ON l.trace_id = s.trace_id AND l.span_id = s.span_id
WHERE s.status_code = 2
ORDER BY l.time_unix_nano, l.body LIMIT 10
