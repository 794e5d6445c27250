"""What the lessons are about: tickets, handbook, letters, orders, claims and prices, as checked records."""
