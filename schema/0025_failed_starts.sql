-- What `doctor` says of purchases that could not be made: those of the last day, without reading all that ever happened.

CREATE INDEX lease_event_failed_starts ON lease_event (at) WHERE name = 'provision_failed';
