-- The tables of the orders, in an order in which every reference points back. Money is in cents, dates are ISO.

CREATE TABLE products (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    price INTEGER NOT NULL,
    kind TEXT NOT NULL,
    club_counts INTEGER NOT NULL
) STRICT;

CREATE TABLE club (
    tier TEXT PRIMARY KEY,
    discount INTEGER NOT NULL
) STRICT;

CREATE TABLE customers (
    id TEXT PRIMARY KEY,
    country TEXT NOT NULL,
    club TEXT NOT NULL
) STRICT;

CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    customer TEXT NOT NULL REFERENCES customers (id),
    placed_on TEXT NOT NULL,
    placed_at TEXT NOT NULL,
    status TEXT NOT NULL,
    payment TEXT NOT NULL,
    goods INTEGER NOT NULL,
    shipping INTEGER NOT NULL,
    total INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT;

CREATE TABLE items (
    order_id TEXT NOT NULL REFERENCES orders (id),
    product TEXT NOT NULL REFERENCES products (code),
    quantity INTEGER NOT NULL,
    discount INTEGER NOT NULL,
    price INTEGER NOT NULL
) STRICT;

CREATE TABLE parcels (
    order_id TEXT NOT NULL REFERENCES orders (id) PRIMARY KEY,
    tracking TEXT NOT NULL UNIQUE,
    left_on TEXT NOT NULL,
    expected_on TEXT NOT NULL,
    delivered_on TEXT NOT NULL
) STRICT;

CREATE TABLE refunds (
    order_id TEXT NOT NULL REFERENCES orders (id) PRIMARY KEY,
    reference TEXT NOT NULL,
    reason TEXT NOT NULL,
    received_on TEXT NOT NULL,
    approved_on TEXT NOT NULL,
    method TEXT NOT NULL,
    amount INTEGER NOT NULL,
    due_on TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT;
