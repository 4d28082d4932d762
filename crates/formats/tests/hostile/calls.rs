//! Pickles that call what Python has: each name becomes an object without a meaning, and is refused where weights should be.

use super::{Case, case};
use crate::torch::Asm;

/// What a Python name must not do: run a command, code, another pickle, or reach for one that does.
const GLOBALS: [(&str, &str); 44] = [
    ("os", "system"),
    ("posix", "system"),
    ("nt", "system"),
    ("os", "execv"),
    ("subprocess", "Popen"),
    ("subprocess", "check_output"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "getattr"),
    ("builtins", "__import__"),
    ("builtins", "compile"),
    ("builtins", "open"),
    ("__builtin__", "eval"),
    ("importlib", "import_module"),
    ("importlib.machinery", "SourceFileLoader"),
    ("marshal", "loads"),
    ("types", "FunctionType"),
    ("types", "CodeType"),
    ("pip", "main"),
    ("pip._internal", "main"),
    ("numpy.f2py.crackfortran", "getlincoef"),
    ("numpy.testing._private.utils", "runstring"),
    ("torch._dynamo.guards", "GuardBuilder.get"),
    ("torch.utils._config_module", "load_config"),
    ("torch.storage", "_load_from_bytes"),
    ("torch.hub", "load"),
    ("torch", "load"),
    ("torch.jit", "load"),
    ("torch.nn.modules.linear", "Linear"),
    ("pickle", "loads"),
    ("dill._dill", "_create_function"),
    ("joblib._store_backends", "StoreBackendBase"),
    ("runpy", "run_path"),
    ("webbrowser", "open"),
    ("shutil", "rmtree"),
    ("socket", "create_connection"),
    ("ctypes", "CDLL"),
    ("code", "InteractiveInterpreter.runcode"),
    ("timeit", "timeit"),
    ("cProfile", "run"),
    ("bdb", "Bdb.run"),
    ("operator", "methodcaller"),
    ("functools", "partial"),
    ("copyreg", "_reconstructor"),
];

/// Each name of Python, called in each of the ways there are.
pub(crate) fn calls() -> Vec<Case> {
    let mut cases = Vec::new();
    for (module, name) in GLOBALS {
        let said = format!("of `{module}.{name}`; no code was run");
        let reduce = Asm::new().global(module, name).raw(b"(").text("id").raw(b"tR").stop();
        let stack = Asm(vec![0x80, 4]).raw(&[0x8c, module.len() as u8]).raw(module.as_bytes());
        let stack = stack.raw(&[0x8c, name.len() as u8]).raw(name.as_bytes()).raw(&[0x93]);
        let stack = stack.raw(&[0x8c, 2]).raw(b"id").raw(&[0x85]).raw(b"R").stop();
        let inst = Asm::new().raw(b"(").text("id").raw(format!("i{module}\n{name}\n").as_bytes()).stop();
        // As the argument of an allowed call, and as the value of an honest-looking entry.
        let nested = Asm::new().global("torch._utils", "_rebuild_parameter").raw(b"(").global(module, name);
        let nested = nested.raw(b"(").text("id").raw(b"tRtR").stop();
        let entry = Asm::new().raw(b"}").text("fc.weight").global(module, name).raw(b")Rs").stop();
        for (how, pickle, said) in [
            ("REDUCE", reduce, said.clone()),
            ("STACK_GLOBAL", stack, said),
            ("INST", inst, "the operation INST (0x69) is not one".into()),
            ("an argument", nested, "no dictionary of tensors: an object; no code was run".into()),
            ("an entry", entry, format!("fc.weight (an object of `{module}.{name}`); no code was run")),
        ] {
            cases.push(case(format!("{module}.{name} by {how}"), pickle, said));
        }
    }
    cases
}
