//! Files that are fine, on a machine that has no memory for them: an error that says how much is needed, and no abort. Alone
//! in its program, since the allocator is.

#[path = "common/torch.rs"]
mod torch;

use ndarray::{ArrayD, IxDyn};
use striate_base::memory::OutOfMemory;
use striate_formats::{Checkpoint, ModelFile, Problem, Provenance, PthError, Weights};
use striate_graph::{Engine, Mode, Params, trace};
use striate_image::Preprocess;
use striate_nn::{Flatten, Linear, Sequential};
use striate_testkit::{Memory, memory, with_room};
use torch::{floats, one_tensor, pth_legacy, pth_zip};

#[global_allocator]
static MEMORY: Memory = memory();

/// Bytes of the one large array.
const BYTES: u64 = 4 << 20;

fn refused<T>(name: &str, room_bytes: usize, read: impl FnOnce() -> Result<T, Problem>) -> OutOfMemory {
    match with_room(&MEMORY, room_bytes, read) {
        Err(Problem::Memory(error)) => error,
        Err(Problem::Pth(error)) => match *error {
            PthError::Memory(error) => error,
            error => panic!("{name}: {error}"),
        },
        Err(error) => panic!("{name}: {error}"),
        Ok(_) => panic!("{name}: read in {room_bytes} bytes"),
    }
}

#[test]
fn what_there_is_no_memory_for_is_an_error() {
    let mut params = Params::default();
    params.insert("weight", ArrayD::<f32>::zeros(IxDyn(&[1 << 20])));
    let checkpoint = Checkpoint { params, state: "{}".into(), ..Checkpoint::default() };
    let file = checkpoint.to_bytes().unwrap();
    // Neither the first copy nor the second.
    for room in [1 << 20, 6 << 20] {
        assert_eq!(refused("checkpoint", room, || Checkpoint::from_bytes(&file)).bytes, BYTES);
    }
    assert!(with_room(&MEMORY, 16 << 20, || Checkpoint::from_bytes(&file)).is_ok());

    let pickle = one_tensor("weight", &[1 << 20]);
    let values = floats(1 << 20);
    for (name, file) in [
        ("zip", pth_zip(&pickle, &[("0", values.clone())])),
        ("legacy", pth_legacy(&pickle, &[("0", 4, values.clone())])),
    ] {
        assert_eq!(refused(name, 1 << 20, || Weights::from_bytes(&file)).bytes, BYTES);
        assert!(with_room(&MEMORY, 6 << 20, || Weights::from_bytes(&file)).is_ok(), "{name}");
    }

    let net = Sequential::new().append(Flatten::new()).append(Linear::new(1024, 1024));
    let graph = trace(&net, Mode::Eval, [1, 32, 32]).unwrap();
    let params = Params::init(&graph, 3);
    let preprocess = Preprocess::new([1, 32, 32], &[0.25], &[0.5]).unwrap();
    let classes = (0..1024).map(|class| class.to_string()).collect();
    let engine = Engine::new(Some(1)).unwrap();
    let model = ModelFile::new(graph, params, preprocess, classes, Provenance::default(), &engine).unwrap();
    let file = model.to_bytes().unwrap();
    assert_eq!(refused("model", 2 << 20, || ModelFile::from_bytes(&file)).bytes, BYTES);
    assert!(refused("model's session", 7 << 20, || ModelFile::from_bytes(&file)).bytes > 2 * BYTES);
    assert!(with_room(&MEMORY, 64 << 20, || ModelFile::from_bytes(&file)).is_ok());
    let weights = refused("weights of a model", 2 << 20, || Weights::from_bytes(&file));
    assert_eq!(weights.bytes, BYTES);
}
