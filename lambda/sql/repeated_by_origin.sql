-- Origins that came more than once into a partition, and where first. What has no origin is never recognised.
-- rule: O12 T14 W4 S7 F8
SELECT partition, source, sequence, MIN(position) AS first_position
FROM archive
WHERE source >= 0
GROUP BY partition, source, sequence
HAVING COUNT(*) > 1
