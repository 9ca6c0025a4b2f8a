-- Where who waits for a place wants to be told that he has one: sealed as a contact's place is, until the place is offered.
ALTER TABLE waitlist_entry ADD COLUMN contacts jsonb NOT NULL DEFAULT '[]';
