//! Which offsets a version stands for, and which versions can be read.

pub(crate) mod binder;
pub(crate) mod bindings;
pub(crate) mod course;
pub(crate) mod lows;
pub(crate) mod window;
