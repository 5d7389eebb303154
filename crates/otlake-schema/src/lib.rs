//! The schema found while rows pass: type lattice, column naming, promotion and overflow.
