//! Criterion benches over the parts and the contestants; see the files beside this one.
