-- The count of each word over all events.
-- rule: W1 W2
SELECT word, COUNT(*) AS words
FROM records
GROUP BY word
