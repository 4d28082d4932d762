//! Operations on one value at a time, and changes of layout.

mod activate;
mod add;
mod channels;
mod dropout;
mod export;
mod map;
mod mul;
mod prelu;
mod product_sums;
mod relay;
mod scale;
#[cfg(test)]
mod tests;

pub use activate::{Activate, ActivateBackward, ReluRule};
pub use add::Add;
pub use channels::{Channels, Run};
pub use dropout::{Dropout, DropoutUnit, dropout_keeps};
pub use export::export;
pub use mul::Mul;
pub use prelu::{PRelu, PReluBackward};
pub use product_sums::{ProductSums, SampleSums};
pub use relay::{Copy, Flatten, Import, Unflatten};
pub use scale::ScaleChannels;
