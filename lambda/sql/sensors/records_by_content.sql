-- Every record once: of those that agree in all that happened, the first in the partition.
-- rule: S7
SELECT partition, region, reading, time_ms, MIN(position) AS position
FROM archive
GROUP BY partition, region, reading, time_ms
