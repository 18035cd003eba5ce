-- The count of each word in each window of two seconds.
-- rule: W1 W3
SELECT word, time_ms - (time_ms % 2000 + 2000) % 2000 AS second_ms, COUNT(*) AS words
FROM records
GROUP BY word, time_ms - (time_ms % 2000 + 2000) % 2000
