//! Only the tests of `tests/drift/`: code, rules, dashboard and documents must name the same things.
