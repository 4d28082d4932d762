//! A model in WebAssembly: memory is handed over by `striate_alloc`, a model is loaded once, and images are predicted.
//!
//! Nothing but plain numbers crosses the border, so no binding generator is needed; `run.mjs` shows the other side. There are no
//! threads and no files: the model comes as the bytes of its file, and everything runs where it is called.

use std::cell::RefCell;

use striate::Classifier;
use striate::graph::Engine;

/// A model, and the logits of its last image.
struct Model {
    classifier: Classifier,
    logits: Vec<f32>,
}

impl Model {
    /// The model in the bytes of a model file.
    fn load(bytes: &[u8]) -> Result<Self, striate::Error> {
        let engine = Engine::new(Some(1)).map_err(striate::Error::Engine)?;
        Ok(Self { classifier: Classifier::from_bytes_with(bytes, engine)?, logits: Vec::new() })
    }

    /// Logits of one image, pixels `[C, H, W]` from 0 to 255.
    fn logits(&mut self, pixels: &[u8]) -> Result<&[f32], striate::Error> {
        let predictions = self.classifier.predict_pixels(pixels)?;
        self.logits = predictions.into_iter().flat_map(|prediction| prediction.logits).collect();
        Ok(&self.logits)
    }
}

thread_local! {
    static MODEL: RefCell<Option<Model>> = const { RefCell::new(None) };
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Room for `bytes` bytes, which the caller fills before the next call; gives its address.
#[unsafe(no_mangle)]
pub extern "C" fn striate_alloc(bytes: usize) -> *mut u8 {
    BUFFER.with_borrow_mut(|buffer| {
        *buffer = vec![0; bytes];
        buffer.as_mut_ptr()
    })
}

/// Loads the model file that lies in the room; gives the number of its classes, or -1 if it is none.
#[unsafe(no_mangle)]
pub extern "C" fn striate_load() -> i32 {
    let loaded = BUFFER.with_borrow(|buffer| Model::load(buffer)).ok();
    let classes = loaded.as_ref().map_or(-1, |model| model.classifier.classes().len() as i32);
    MODEL.set(loaded);
    classes
}

/// Predicts the image whose pixels lie in the room; gives the address of one f32 a class, or 0 if there is no answer.
#[unsafe(no_mangle)]
pub extern "C" fn striate_predict() -> *const f32 {
    MODEL.with_borrow_mut(|model| {
        let Some(model) = model else { return std::ptr::null() };
        BUFFER.with_borrow(|pixels| model.logits(pixels).map_or(std::ptr::null(), <[f32]>::as_ptr))
    })
}
