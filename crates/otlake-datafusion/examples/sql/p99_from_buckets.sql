WITH buckets AS (
    SELECT name, unit, unnest(array_prepend(0.0, explicit_bounds)) AS low,
           unnest(array_append(explicit_bounds, NULL)) AS high, unnest(bucket_counts) AS n
    FROM metrics
    WHERE kind = 'histogram' AND aggregation_temporality_name = 'AGGREGATION_TEMPORALITY_DELTA'
),
ranks AS (
    SELECT name, unit, low, high, sum(n) AS n, sum(sum(n)) OVER (PARTITION BY name, unit ORDER BY low) AS up_to,
           sum(sum(n)) OVER (PARTITION BY name, unit) AS total
    FROM buckets GROUP BY name, unit, low, high
)
SELECT name, unit, total AS measured, low + coalesce(high - low, 0) * (0.99 * total - (up_to - n)) / n AS p99
FROM ranks WHERE 0.99 * total > up_to - n AND 0.99 * total <= up_to
ORDER BY name, unit
