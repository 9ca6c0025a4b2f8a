-- A gap that the wall clock leapt over: no time went by in it, and none is charged.
ALTER TABLE outage ADD COLUMN leapt boolean NOT NULL DEFAULT false;
