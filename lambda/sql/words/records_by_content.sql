-- Every record once: of those that agree in all that happened, the first in the partition.
-- rule: W4
SELECT partition, word, time_ms, MIN(position) AS position
FROM archive
GROUP BY partition, word, time_ms
