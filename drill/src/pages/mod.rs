//! Does the right page reach the right person?
mod scale;
