-- Every record once: of those that agree in all that happened, the first in the partition.
-- rule: F8
SELECT partition, transfer, debited, credited, amount, time_ms, MIN(position) AS position
FROM archive
GROUP BY partition, transfer, debited, credited, amount, time_ms
