//! Loops that the compiler must not see as loops.

/// Runs `$body` with `$i` as each literal below `$count`, written out: LLVM keeps an array in registers only if every index
/// into it is a constant before its own loop unrolling, which gives up on loops of this size.
macro_rules! unrolled {
    ($i:ident < $count:expr => $body:expr) => {
        unrolled!(@ $i $count, $body; 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    (@ $i:ident $count:expr, $body:expr; $($n:literal)*) => {
        $( if $n < $count { let $i: usize = $n; $body; } )*
    };
}
pub(crate) use unrolled;
