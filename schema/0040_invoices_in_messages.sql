-- Whether the messages to a contact have the invoice itself in them. No row is rewritten.
ALTER TABLE contact ADD COLUMN wants_invoice boolean NOT NULL DEFAULT false;
