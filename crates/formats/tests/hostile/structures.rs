//! Pickles of the wrong structure.

use super::{Case, case};
use crate::torch::Asm;

/// Pickles of the wrong structure.
pub(crate) fn structures() -> Vec<Case> {
    let new = Asm::new;
    let dict = || new().raw(b"}");
    let tensor = || new().tensor(|a| a.storage("FloatStorage", "0", 6), 0, &[6], &[1]);
    vec![
        case(
            "REDUCE of a string",
            new().text("os.system").raw(b")R").stop(),
            "expects a Python name, got a string",
        ),
        case(
            "REDUCE without a tuple",
            new().global("torch", "Size").raw(b"]R").stop(),
            "expects a tuple of arguments",
        ),
        case(
            "NEWOBJ of an int",
            new().int(1).raw(b")\x81").stop(),
            "NEWOBJ expects a Python name, got an int",
        ),
        case("a call of what a call gave", tensor().raw(b")R").stop(), "no dictionary of tensors: an object"),
        case(
            "OrderedDict of many",
            new().global("collections", "OrderedDict").raw(b"(NNtR").stop(),
            "one argument",
        ),
        case(
            "OrderedDict of an int",
            new().global("collections", "OrderedDict").int(1).raw(b"\x85R").stop(),
            "a list of pairs",
        ),
        case("BUILD on a list", new().raw(b"]}b").stop(), "BUILD expects an object, got a list"),
        case("BUILD on a tuple", new().raw(b")}b").stop(), "got a tuple"),
        case("BUILD on a tensor", tensor().raw(b"}b").stop(), "no dictionary of tensors: an object"),
        case("BUILD with a string", dict().text("x").raw(b"b").stop(), "no dictionary of tensors: a dict"),
        case("BUILD on a set", new().raw(b"\x8f}b").stop(), "BUILD expects an object, got a set"),
        case("ADDITEMS to a list", new().raw(b"](N\x90").stop(), "ADDITEMS expects a set, got a list"),
        case("ADDITEMS without a mark", new().raw(b"\x8f\x90").stop(), "ADDITEMS needs more values"),
        case("SETITEM on a list", new().raw(b"]NNs").stop(), "SETITEM expects a dict, got a list"),
        case(
            "SETITEM on a tensor",
            tensor().raw(b"NNs").stop(),
            "no dictionary of tensors: a dict of 1 entries",
        ),
        case("SETITEMS on None", new().raw(b"N(NNu").stop(), "SETITEMS expects a dict, got None"),
        case("SETITEMS of three", dict().raw(b"(NNNu").stop(), "a key without a value"),
        case("APPEND to a dict", dict().raw(b"Na").stop(), "APPEND expects a list, got a dict"),
        case(
            "APPENDS to a string",
            new().text("x").raw(b"(Ne").stop(),
            "APPENDS expects a list, got a string",
        ),
        case(
            "STACK_GLOBAL of ints",
            new().int(1).int(2).raw(&[0x93]).stop(),
            "STACK_GLOBAL expects two strings",
        ),
        case("POP at the bottom", new().raw(b"0").stop(), "POP needs more values"),
        case("POP through a mark", new().raw(b"N(0").stop(), "POP needs more values"),
        case("TUPLE without a mark", new().raw(b"Nt").stop(), "TUPLE needs more values"),
        case("TUPLE3 of one", new().raw(b"N\x87").stop(), "TUPLE needs more values"),
        case("nothing at all", new().stop(), "STOP needs more values"),
        case("PUT of nothing", new().raw(b"q\x00").stop(), "PUT needs more values"),
        case("GET of nothing", new().raw(b"h\x07").stop(), "memo 7 is read before it is written"),
        case("LONG_BINGET of nothing", new().raw(b"j\xff\xff\xff\xff").stop(), "memo 4294967295"),
        case("protocol 9", vec![0x80, 9, b'.'], "pickle protocol 9"),
        case("EXT1", new().raw(&[0x82, 1]).stop(), "the operation EXT1 (0x82)"),
        case("OBJ", new().raw(b"(o").stop(), "the operation OBJ"),
        case("PERSID", new().raw(b"Pos.system\n").stop(), "the operation PERSID"),
        case("NEWOBJ_EX of None", new().raw(b"N)}\x92").stop(), "NEWOBJ_EX expects a Python name, got None"),
        case("NEXT_BUFFER", new().raw(&[0x97]).stop(), "the operation NEXT_BUFFER"),
        case(
            "BYTEARRAY8",
            new().raw(&[0x96]).raw(&[0xff; 8]).stop(),
            "18446744073709551615 bytes are needed",
        ),
        case("FROZENSET", new().raw(b"(\x91").stop(), "no dictionary of tensors: a set"),
        case("protocol 0's numbers", new().raw(b"F1e400\n").stop(), "the operation FLOAT"),
        case("an unknown operation", new().raw(&[0xff]).stop(), "of an unknown kind (0xff)"),
        case("text that is none", new().raw(b"X\x02\0\0\0\xff\xfe").stop(), "not UTF-8"),
        case(
            "a name without end",
            new().raw(b"c").raw(&[b'a'; 5000]).stop(),
            "more than 256 bytes of a name",
        ),
        case(
            "a dict that holds itself",
            dict().raw(b"q\x00").text("model").raw(b"h\x00s").stop(),
            "no dictionary of tensors",
        ),
        case(
            "a list that holds itself",
            new().raw(b"]q\x00h\x00a").stop(),
            "no dictionary of tensors: a list",
        ),
        case("a number", new().int(5).stop(), "no dictionary of tensors: an int"),
        case(
            "an optimizer alone",
            dict().text("param_groups").raw(b"]s").stop(),
            "a dict of 1 entries: param_groups",
        ),
        case(
            "a tensor under a number",
            dict().int(3).raw(&tensor().0[2..]).raw(b"s").stop(),
            "no dictionary of tensors: a dict of 1 entries",
        ),
    ]
}
