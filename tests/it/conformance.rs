//! Tests of `conformance`.
