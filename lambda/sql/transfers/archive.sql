-- The columns that the questions about transfers are asked of.
SELECT partition, transfer, "offset" AS position, source, sequence, debited, credited, amount, :time_ms AS time_ms
FROM :files
WHERE :below
