SELECT resource_service_name AS service, count(*) AS errors, max("timestamp") AS last_seen
FROM logs WHERE severity_number >= 17
GROUP BY service ORDER BY errors DESC, service
