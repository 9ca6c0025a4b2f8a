-- Where a renter sits is counted while a quote holds something, and told to nobody.

UPDATE lease_event SET evidence = evidence - 'client' WHERE evidence ? 'client';
DELETE FROM quote_client q
 WHERE NOT EXISTS (SELECT FROM allocation a WHERE a.lease = q.lease AND a.unpaid);
