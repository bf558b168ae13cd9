-- What was paid, and what has to go back.

-- One attempt to pay an order. trade: our number of it, which can't be guessed. amount_fen: asked for;
-- received_fen: what came, NULL while nothing did. state: paid when it counts for the order, refund-due when money
-- came that doesn't. reason: why it is to go back, or why it was closed. asked: how often the service was asked since the state changed;
-- next_ask_utc: when it is to be asked again, NULL: never.
CREATE TABLE payment (
    trade         TEXT PRIMARY KEY,
    provider      TEXT NOT NULL,
    order_number  TEXT NOT NULL REFERENCES renewal_order (number),
    amount_fen    INTEGER NOT NULL CHECK (amount_fen > 0),
    received_fen  INTEGER CHECK (received_fen > 0),
    state         TEXT NOT NULL
                  CHECK (state IN ('waiting', 'paid', 'refund-due', 'refunded', 'closed')),
    reason        TEXT NOT NULL DEFAULT '',
    service_trade TEXT NOT NULL DEFAULT '',
    asked         INTEGER NOT NULL DEFAULT 0,
    next_ask_utc  INTEGER,
    created_utc   INTEGER NOT NULL,
    expires_utc   INTEGER NOT NULL,
    changed_utc   INTEGER NOT NULL,
    CHECK ((next_ask_utc IS NOT NULL) = (state IN ('waiting', 'refund-due'))),
    CHECK (received_fen IS NOT NULL OR state NOT IN ('paid', 'refund-due'))
) STRICT;
CREATE INDEX payment_of_order ON payment (order_number);
CREATE INDEX payment_due ON payment (next_ask_utc) WHERE next_ask_utc IS NOT NULL;
-- An order is paid by one payment.
CREATE UNIQUE INDEX payment_counts ON payment (order_number) WHERE state = 'paid';

-- Money that a payment service reported under a trade that isn't ours: for the operator to look into.
CREATE TABLE payment_stray (
    provider      TEXT NOT NULL,
    trade         TEXT NOT NULL,
    service_trade TEXT NOT NULL,
    state         TEXT NOT NULL,
    amount_fen    INTEGER NOT NULL,
    at_utc        INTEGER NOT NULL,
    PRIMARY KEY (provider, trade, service_trade, state)
) STRICT;
