SELECT resource_service_name AS service, name, duration_nano / 1e6 AS ms, trace_id
FROM traces ORDER BY duration_nano DESC NULLS LAST, span_id LIMIT 10
