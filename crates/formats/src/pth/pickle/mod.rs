//! A reader that treats pickles as data.
//!
//! A pickle is a program for a small stack machine that may import and call anything in Python. Here the machine only builds
//! values: names are compared with a short list ([`globals`]), and calls are recorded but never carried out. Other values that
//! training scripts store beside the weights (NumPy arrays, random states, paths, whole modules) become opaque objects, which
//! are an error only if one of them is used as a weight. The reader accepts the output of `torch.save`, in protocols 2 to 5.
//!
//! Memory follows from the bytes read: every operation takes at least one byte and creates at most one value, texts are as long
//! in memory as in the file, and [`charge`](Machine::charge) limits the sum to a multiple of the bytes read so far.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod error;
mod globals;
mod input;
mod value;

pub use error::PickleError;
pub(crate) use input::Input;
use value::Object;
pub(crate) use value::{Global, Id, Pickle, Value};

use std::collections::HashMap;

/// Most operations of one pickle.
const OPERATIONS: u64 = 1_000_000;
/// Bytes of memory that one pickle may take, and bytes more for each byte of it.
const MEMORY: u64 = 64 << 20;
const MEMORY_PER_BYTE: u64 = 16;
/// Most containers nested in each other, and most open marks.
const DEPTH: usize = 64;
/// Memory of one value, with its place on the stack.
const VALUE: u64 = (size_of::<Value>() + size_of::<Id>() + 1) as u64;

const NONE: Id = Id(0);
const FALSE: Id = Id(1);
const TRUE: Id = Id(2);

type Result<T> = std::result::Result<T, PickleError>;

/// Reads one pickle, up to and including its STOP.
pub(crate) fn read(input: &mut Input<'_>) -> Result<Pickle> {
    let start = input.at;
    let mut machine = Machine {
        input,
        start,
        at: start,
        charged: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        values: vec![Value::None, Value::Bool(false), Value::Bool(true)],
        depths: vec![0; 3],
    };
    for operation in 0.. {
        machine.at = machine.input.at;
        if operation == OPERATIONS {
            return Err(PickleError::Limit { what: "operations", limit: OPERATIONS, at: machine.at });
        }
        let [opcode] = machine.input.take()?;
        if opcode == b'.' {
            let root = machine.pop("STOP")?;
            return Ok(Pickle { values: machine.values, root });
        }
        machine.step(opcode)?;
    }
    unreachable!("the loop ends at its limit")
}

struct Machine<'a, 'b> {
    input: &'a mut Input<'b>,
    start: u64,
    /// Position of the current operation.
    at: u64,
    /// Memory taken so far.
    charged: u64,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    values: Vec<Value>,
    /// For each value, the nesting depth of the containers in it.
    depths: Vec<u8>,
}

impl Machine<'_, '_> {
    fn step(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            // PROTO
            0x80 => match self.input.take()? {
                [2..=5] => Ok(()),
                [got] => Err(PickleError::Protocol { got, at: self.at }),
            },
            // FRAME: a hint for readers with buffers.
            0x95 => self.input.take::<8>().map(drop),
            b'N' => self.push_id(NONE),
            0x89 => self.push_id(FALSE),
            0x88 => self.push_id(TRUE),
            b'K' => self.take::<1>().and_then(|b| self.int(b[0].into())),
            b'M' => self.take().and_then(|b| self.int(u16::from_le_bytes(b).into())),
            b'J' => self.take().and_then(|b| self.int(i32::from_le_bytes(b).into())),
            // LONG1, LONG4
            0x8a => self.take::<1>().and_then(|b| self.long(b[0].into())),
            0x8b => self.take().and_then(|b| self.long(u32::from_le_bytes(b))),
            b'G' => self.take::<8>().and_then(|_| self.push(Value::Float, 0)),
            // BINUNICODE, SHORT_BINUNICODE, BINUNICODE8
            b'X' => self.take().and_then(|b| self.text(u32::from_le_bytes(b).into())),
            0x8c => self.take::<1>().and_then(|b| self.text(b[0].into())),
            0x8d => self.take().and_then(|b| self.text(u64::from_le_bytes(b))),
            // BINSTRING, SHORT_BINSTRING: the text type of Python 2.
            b'T' => self.take().and_then(|b| self.text(u32::from_le_bytes(b).into())),
            b'U' => self.take::<1>().and_then(|b| self.text(b[0].into())),
            // BINBYTES, SHORT_BINBYTES
            b'B' => self.take().and_then(|b| self.bytes(u32::from_le_bytes(b).into())),
            b'C' => self.take::<1>().and_then(|b| self.bytes(b[0].into())),
            // BINBYTES8, BYTEARRAY8
            0x8e | 0x96 => self.take().and_then(|b| self.bytes(u64::from_le_bytes(b))),
            b']' => self.push(Value::List(Vec::new()), 1),
            b'}' => self.push(Value::Dict(Vec::new()), 1),
            // EMPTY_SET, FROZENSET
            0x8f => self.push(Value::Set, 1),
            0x91 => self.pop_mark("FROZENSET").and_then(|_| self.push(Value::Set, 1)),
            b')' => self.push(Value::Tuple([].into()), 1),
            b'(' => self.mark(),
            b't' => {
                let items = self.pop_mark("TUPLE")?;
                self.tuple(items)
            }
            0x85..=0x87 => {
                let count = usize::from(opcode - 0x84);
                let items = self.pop_many(count, "TUPLE")?;
                self.tuple(items)
            }
            b'a' => {
                let items = self.pop_many(1, "APPEND")?;
                self.append(items, "APPEND")
            }
            b'e' => {
                let items = self.pop_mark("APPENDS")?;
                self.append(items, "APPENDS")
            }
            0x90 => {
                self.pop_mark("ADDITEMS")?;
                let set = self.top("ADDITEMS")?;
                match value_of(&self.values, set) {
                    Value::Set | Value::Object(_) => Ok(()),
                    other => Err(self.operand("ADDITEMS", "a set", other.kind())),
                }
            }
            b's' => {
                let items = self.pop_many(2, "SETITEM")?;
                self.set_items(&items, "SETITEM")
            }
            b'u' => {
                let items = self.pop_mark("SETITEMS")?;
                self.set_items(&items, "SETITEMS")
            }
            b'0' => self.pop("POP").map(drop),
            b'2' => {
                let top = self.top("DUP")?;
                self.push_id(top)
            }
            // BINPUT, LONG_BINPUT, MEMOIZE, and their counterparts that get.
            b'q' => self.take::<1>().and_then(|b| self.put(b[0].into())),
            b'r' => self.take().and_then(|b| self.put(u32::from_le_bytes(b))),
            0x94 => self.put(self.memo.len() as u32),
            b'h' => self.take::<1>().and_then(|b| self.get(b[0].into())),
            b'j' => self.take().and_then(|b| self.get(u32::from_le_bytes(b))),
            b'c' => {
                let (module, name) = (self.input.line()?, self.input.line()?);
                match Global::find(&module, &name) {
                    Some(global) => self.push(Value::Global(global), 0),
                    None => {
                        let [module, name] = [self.hold_text(module)?, self.hold_text(name)?];
                        self.push(Value::Global(Global::Other { module, name }), 0)
                    }
                }
            }
            // STACK_GLOBAL
            0x93 => {
                let (name, module) = (self.pop("STACK_GLOBAL")?, self.pop("STACK_GLOBAL")?);
                let text = |id: Id| match value_of(&self.values, id) {
                    Value::Text(text) => Ok(text),
                    other => Err(self.operand("STACK_GLOBAL", "two strings", other.kind())),
                };
                let other = Global::Other { module, name };
                let global = Global::find(text(module)?, text(name)?).unwrap_or(other);
                self.push(Value::Global(global), 0)
            }
            b'R' => self.call("REDUCE"),
            // NEWOBJ
            0x81 => self.call("NEWOBJ"),
            // NEWOBJ_EX also has named arguments.
            0x92 => {
                self.pop("NEWOBJ_EX")?;
                self.call("NEWOBJ_EX")
            }
            b'b' => self.build(),
            b'Q' => {
                let id = self.pop("BINPERSID")?;
                let depth = self.depth_around([id])?;
                self.push(Value::Persistent(id), depth)
            }
            _ => Err(PickleError::Opcode { opcode, name: error::name_of(opcode), at: self.at }),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.input.take()
    }

    fn int(&mut self, value: i128) -> Result<()> {
        self.push(Value::Int(value), 0)
    }

    /// An integer in two's complement, little-endian; 16 bytes are more than torch's largest, its magic number.
    fn long(&mut self, length: u32) -> Result<()> {
        if length > 16 {
            self.input.skip(length.into())?;
            return self.push(Value::LongInt, 0);
        }
        let bytes = self.input.bytes(length.into())?;
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut wide = [if negative { 0xff } else { 0 }; 16];
        wide.iter_mut().zip(&bytes).for_each(|(wide, &byte)| *wide = byte);
        self.int(i128::from_le_bytes(wide))
    }

    fn text(&mut self, length: u64) -> Result<()> {
        let bytes = self.input.bytes(length)?;
        self.charge(length)?;
        let text = String::from_utf8(bytes).map_err(|_| PickleError::Text { at: self.at })?;
        self.push(Value::Text(text.into()), 0)
    }

    fn bytes(&mut self, length: u64) -> Result<()> {
        self.input.skip(length)?;
        self.push(Value::Bytes, 0)
    }

    fn tuple(&mut self, items: Vec<Id>) -> Result<()> {
        let depth = self.depth_around(items.iter().copied())?;
        self.charge(size_of_val(&items[..]) as u64)?;
        self.push(Value::Tuple(items.into()), depth)
    }

    fn append(&mut self, items: Vec<Id>, operation: &'static str) -> Result<()> {
        let list = self.top(operation)?;
        let depth = self.depth_around(items.iter().copied())?;
        self.charge(size_of_val(&items[..]) as u64)?;
        match value_of_mut(&mut self.values, list) {
            Value::List(to) => to.extend(items),
            Value::Object(_) => {}
            other => {
                let got = other.kind();
                return Err(self.operand(operation, "a list", got));
            }
        }
        self.deepen(list, depth);
        Ok(())
    }

    fn set_items(&mut self, items: &[Id], operation: &'static str) -> Result<()> {
        let dict = self.top(operation)?;
        if !items.len().is_multiple_of(2) {
            return Err(self.operand(operation, "keys and values in turn", "a key without a value"));
        }
        let depth = self.depth_around(items.iter().copied())?;
        self.charge(size_of_val(items) as u64)?;
        let pairs = items.as_chunks().0.iter().map(|&[key, value]| (key, value));
        match value_of_mut(&mut self.values, dict) {
            Value::Dict(to) => to.extend(pairs),
            Value::Object(object) => object.entries.extend(pairs),
            other => {
                let got = other.kind();
                return Err(self.operand(operation, "a dict", got));
            }
        }
        self.deepen(dict, depth);
        Ok(())
    }

    /// Records what Python would call. Three names stand for plain data, into which they are turned.
    fn call(&mut self, operation: &'static str) -> Result<()> {
        let (arguments, callee) = (self.pop(operation)?, self.pop(operation)?);
        let callee = match value_of(&self.values, callee) {
            Value::Global(global) => Some(*global),
            // The result of a call may be called, and so may a class that lies outside the pickle.
            Value::Object(_) | Value::Persistent(_) => None,
            other => return Err(self.operand(operation, "a Python name", other.kind())),
        };
        let (count, first) = match value_of(&self.values, arguments) {
            Value::Tuple(items) => (items.len(), items.first().copied()),
            other => return Err(self.operand(operation, "a tuple of arguments", other.kind())),
        };
        let depth = self.depth_around([arguments])?;
        match (callee, count, first) {
            (Some(Global::OrderedDict), 0, _) | (Some(Global::DefaultDict), ..) => {
                self.push(Value::Dict(Vec::new()), 1)
            }
            (Some(Global::OrderedDict), 1, Some(pairs)) => {
                let pairs = self.pairs(pairs, operation)?;
                self.charge(size_of_val(&pairs[..]) as u64)?;
                self.push(Value::Dict(pairs), depth)
            }
            (Some(Global::OrderedDict), ..) => {
                Err(self.operand(operation, "one argument for OrderedDict", "several"))
            }
            (Some(Global::Size), 1, Some(sizes)) => self.push_id(sizes),
            _ => {
                self.charge(size_of::<Object>() as u64)?;
                let object = Object { callee, arguments, state: None, entries: Vec::new() };
                self.push(Value::Object(Box::new(object)), depth)
            }
        }
    }

    /// The entries of an `OrderedDict([[key, value], ...])`, as Python 2 wrote it.
    fn pairs(&self, list: Id, operation: &'static str) -> Result<Vec<(Id, Id)>> {
        let wrong = |got: &Value| self.operand(operation, "a list of pairs", got.kind());
        let Value::List(items) = value_of(&self.values, list) else {
            return Err(wrong(value_of(&self.values, list)));
        };
        let two = |pair: &[Id]| match *pair {
            [key, value] => Some((key, value)),
            _ => None,
        };
        let pair = |id: &Id| {
            let value = value_of(&self.values, *id);
            let pair = match value {
                Value::List(pair) => two(pair),
                Value::Tuple(pair) => two(pair),
                _ => None,
            };
            pair.ok_or_else(|| wrong(value))
        };
        items.iter().map(pair).collect()
    }

    /// Attributes of an object. Those of an OrderedDict are the versions of its modules, which are not used here.
    fn build(&mut self) -> Result<()> {
        let state = self.pop("BUILD")?;
        let object = self.top("BUILD")?;
        let depth = self.depth_around([state])?;
        match value_of_mut(&mut self.values, object) {
            Value::Dict(_) => {}
            Value::Object(object) => object.state = Some(state),
            other => {
                let got = other.kind();
                return Err(self.operand("BUILD", "an object", got));
            }
        }
        self.deepen(object, depth);
        Ok(())
    }

    fn mark(&mut self) -> Result<()> {
        if self.marks.len() == DEPTH {
            return Err(PickleError::Limit { what: "open marks", limit: DEPTH as u64, at: self.at });
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    fn put(&mut self, key: u32) -> Result<()> {
        let top = self.top("PUT")?;
        self.charge(16)?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn get(&mut self, key: u32) -> Result<()> {
        match self.memo.get(&key) {
            Some(&id) => self.push_id(id),
            None => Err(PickleError::Memo { key, at: self.at }),
        }
    }

    fn push(&mut self, value: Value, depth: u8) -> Result<()> {
        let id = self.hold(value, depth)?;
        self.stack.push(id);
        Ok(())
    }

    /// Keeps a value that others refer to, without putting it on the stack.
    fn hold(&mut self, value: Value, depth: u8) -> Result<Id> {
        self.charge(VALUE)?;
        // Each operation makes at most three values, and there are far fewer operations than u32 can count.
        let id = Id(self.values.len() as u32);
        self.values.push(value);
        self.depths.push(depth);
        Ok(id)
    }

    fn hold_text(&mut self, text: String) -> Result<Id> {
        self.charge(text.len() as u64)?;
        self.hold(Value::Text(text.into()), 0)
    }

    fn push_id(&mut self, id: Id) -> Result<()> {
        self.charge(size_of::<Id>() as u64)?;
        self.stack.push(id);
        Ok(())
    }

    /// The lowest stack position that operations may take from: they cannot reach past a mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self, operation: &'static str) -> Result<Id> {
        let found = self.stack.last().filter(|_| self.stack.len() > self.floor());
        found.copied().ok_or(PickleError::Empty { operation, at: self.at })
    }

    fn pop(&mut self, operation: &'static str) -> Result<Id> {
        let top = self.top(operation)?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_many(&mut self, count: usize, operation: &'static str) -> Result<Vec<Id>> {
        match self.stack.len().checked_sub(count) {
            Some(at) if at >= self.floor() => Ok(self.stack.split_off(at)),
            _ => Err(PickleError::Empty { operation, at: self.at }),
        }
    }

    fn pop_mark(&mut self, operation: &'static str) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or(PickleError::Empty { operation, at: self.at })?;
        Ok(self.stack.split_off(mark))
    }

    /// The depth of a container with these items.
    fn depth_around(&self, items: impl IntoIterator<Item = Id>) -> Result<u8> {
        let inside =
            items.into_iter().filter_map(|id| self.depths.get(id.0 as usize)).max().copied().unwrap_or(0);
        if usize::from(inside) >= DEPTH {
            return Err(PickleError::Limit {
                what: "containers in each other",
                limit: DEPTH as u64,
                at: self.at,
            });
        }
        Ok(inside + 1)
    }

    fn deepen(&mut self, container: Id, depth: u8) {
        if let Some(known) = self.depths.get_mut(container.0 as usize) {
            *known = depth.max(*known);
        }
    }

    /// Accounts for memory before it is taken.
    fn charge(&mut self, bytes: u64) -> Result<()> {
        self.charged += bytes;
        let limit = MEMORY.min((1 << 20) + MEMORY_PER_BYTE * (self.input.at - self.start));
        if self.charged > limit {
            return Err(PickleError::Limit { what: "bytes of memory", limit, at: self.at });
        }
        Ok(())
    }

    fn operand(&self, operation: &'static str, expected: &'static str, got: &'static str) -> PickleError {
        PickleError::Operand { operation, expected, got, at: self.at }
    }
}

#[expect(clippy::indexing_slicing, reason = "an Id is given out with the value that it is for, which stays")]
fn value_of(values: &[Value], id: Id) -> &Value {
    &values[id.0 as usize]
}

#[expect(clippy::indexing_slicing, reason = "an Id is given out with the value that it is for, which stays")]
fn value_of_mut(values: &mut [Value], id: Id) -> &mut Value {
    &mut values[id.0 as usize]
}
