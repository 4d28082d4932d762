//! The Python names that have a meaning here. None is ever looked up in Python, and none is called.

use super::value::Global;
use crate::dtype::Dtype;

impl Global {
    /// The meaning of a name, or `None` if it has none here.
    pub(crate) fn find(module: &str, name: &str) -> Option<Self> {
        let storage = |dtype| Some(Self::Storage(dtype));
        let unread = |name, size| Some(Self::Storage(Dtype::Unread { name, size }));
        match (module, name) {
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("collections", "defaultdict") => Some(Self::DefaultDict),
            ("torch", "Size") => Some(Self::Size),
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Some(Self::RebuildTensor),
            ("torch._utils", "_rebuild_tensor_v3") => Some(Self::RebuildTypedTensor),
            ("torch._tensor", "_rebuild_from_type" | "_rebuild_from_type_v2") => Some(Self::RebuildFromType),
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                Some(Self::RebuildParameter)
            }
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
            ("torch", "ComplexFloatStorage") => unread("C64", 8),
            ("torch", "ComplexDoubleStorage") => unread("C128", 16),
            ("torch", "QInt8Storage") => unread("quantized I8", 1),
            ("torch", "QUInt8Storage") => unread("quantized U8", 1),
            ("torch", "QInt32Storage") => unread("quantized I32", 4),
            ("torch" | "torch.storage", "UntypedStorage") => unread("bytes", 1),
            _ => None,
        }
    }
}
