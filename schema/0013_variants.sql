-- Offers that are tried at several prices.

-- The variant of the offer in `request` that the lease was sold as; NULL: the offer had none. Never changes: what a
-- lease changes to later does not move it into another column of the comparison.
ALTER TABLE lease ADD COLUMN sold_as text;

CREATE INDEX lease_sold_as ON lease (id) WHERE sold_as IS NOT NULL;

-- Quotes that nobody paid and that were swept, so that it stays known how many were asked for each price.
CREATE TABLE variant_swept (
    offer   text NOT NULL,
    variant text NOT NULL,
    quotes  bigint NOT NULL CONSTRAINT variant_swept_counts CHECK (quotes > 0),
    PRIMARY KEY (offer, variant)
);
