//! The names of Python that a pickle may mention. Whatever is not here is refused where it is mentioned.

use crate::dtype::Dtype;

/// A name that is known; none of them is ever called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Global {
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `torch.Size`.
    Size,
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`, whose first four arguments agree.
    RebuildTensor,
    /// `torch._utils._rebuild_parameter`, whose first argument is the tensor.
    RebuildParameter,
    /// `torch.FloatStorage` and its kin.
    Storage(Dtype),
    /// Data without a meaning here: what training scripts leave in a checkpoint beside the weights.
    Inert,
}

impl Global {
    /// The known name, or `None`.
    pub(crate) fn find(module: &str, name: &str) -> Option<Self> {
        let storage = |dtype| Some(Self::Storage(dtype));
        match (module, name) {
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("torch", "Size") => Some(Self::Size),
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Some(Self::RebuildTensor),
            ("torch._utils", "_rebuild_parameter") => Some(Self::RebuildParameter),
            ("torch", "DoubleStorage") => storage(Dtype::F64),
            ("torch", "FloatStorage") => storage(Dtype::F32),
            ("torch", "HalfStorage") => storage(Dtype::F16),
            ("torch", "BFloat16Storage") => storage(Dtype::Bf16),
            ("torch", "LongStorage") => storage(Dtype::I64),
            ("torch", "IntStorage") => storage(Dtype::I32),
            ("torch", "ShortStorage") => storage(Dtype::I16),
            ("torch", "CharStorage") => storage(Dtype::I8),
            ("torch", "ByteStorage") => storage(Dtype::U8),
            ("torch", "BoolStorage") => storage(Dtype::Bool),
            _ if INERT.contains(&(module, name)) => Some(Self::Inert),
            _ => None,
        }
    }
}

/// Arguments of the training script, the best accuracy as a NumPy number, milestones of the schedule, devices, the tensor
/// types of torch 0.1: described in the file by calls that we keep as data and never carry out.
const INERT: &[(&str, &str)] = &[
    ("argparse", "Namespace"),
    ("collections", "Counter"),
    ("_codecs", "encode"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("torch", "device"),
    ("torch", "float32"),
    ("torch", "float16"),
    ("torch", "bfloat16"),
    ("torch", "DoubleTensor"),
    ("torch", "FloatTensor"),
    ("torch", "HalfTensor"),
    ("torch", "LongTensor"),
    ("torch", "IntTensor"),
    ("torch", "ShortTensor"),
    ("torch", "CharTensor"),
    ("torch", "ByteTensor"),
];
