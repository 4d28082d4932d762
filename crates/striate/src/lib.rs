//! Striate trains, explains and ships convolutional image classifiers: in Rust, on the CPU, without network access.
//!
//! **Floor 5**: programs depend on this crate. It contains little besides the [`Classifier`] and the [`Predictor`]; it re-exports
//! the crates of the lower floors, each under its own name: [`graph`], [`nn`], [`models`], [`image`], `data`, `train`,
//! [`formats`], `report`, `explain`, `lab`, [`kernels`]. `use striate::prelude::*;` imports what most programs need.
//!
//! # Features
//! A program compiles only the features that it enables. Without any feature, the crate loads model files, predicts from pixels
//! and gives access to the values inside the network.
//!
//! | feature | adds |
//! | --- | --- |
//! | `decode` (on by default) | reading PNG and JPEG files |
//! | `decode-all` | reading BMP, GIF, PNM, TIFF and WebP files as well |
//! | `train` | `data` and `train`: data sets, `Classifier::fit` and `finetune`, evaluation |
//! | `explain` | `explain` and `report`: attribution, feature maps, charts, reports; with `train`, the charts in the folder of a run |
//! | `hub` | `data::fetch` and `models::weights::load`: downloads of data sets and published weights over TLS; the only feature that needs a C compiler |
//! | `digits` | the data set `digits`, embedded in the program |
//! | `shipped` | `models::shipped`: three trained networks, embedded in the program |
//! | `lab` | `lab`: experiments on networks and data sets |
//!
//! Start reading with the tour below, then `examples/01_convnet.rs` and `examples/02_hooks.rs`.
//!
//! # A tour
//!
//! **Define.** A network is a struct of layers and a function from values to values, which runs once, when the network is
//! traced. Parameter names follow from the fields and equal PyTorch's. Shapes that do not fit together are reported here, with
//! the layer, the line, and a suggestion.
//!
//! ```
//! use striate::prelude::*;
//!
//! #[derive(Module)]
//! struct ConvNet {
//!     conv1: Conv2d,
//!     conv2: Conv2d,
//!     fc1: Linear,
//!     fc2: Linear,
//! }
//!
//! impl Forward for ConvNet {
//!     /// `[N, 1, 28, 28]` -> logits `[N, 10]`
//!     fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
//!         let x = x.apply(&self.conv1).relu().max_pool2d(2); // 28x28 -> 14x14
//!         let x = x.apply(&self.conv2).relu().max_pool2d(2); // 14x14 -> 7x7
//!         x.flatten(1).apply(&self.fc1).relu().apply(&self.fc2)
//!     }
//! }
//!
//! let net = ConvNet {
//!     conv1: Conv2d::new(1, 16, 3).padding(1),
//!     conv2: Conv2d::new(16, 32, 3).padding(1),
//!     fc1: Linear::new(32 * 7 * 7, 128),
//!     fc2: Linear::new(128, 10),
//! };
//! let graph = trace(&net, Mode::Eval, [1, 28, 28])?;
//! assert_eq!((graph.parameter_count(), graph.multiply_adds()), (206_922, 1_218_048));
//!
//! let wrong = trace(&net, Mode::Eval, [1, 32, 32]).unwrap_err().to_string();
//! assert!(wrong.contains("linear expects 1568 inputs (32x7x7), got 2048 = 32x8x8"), "{wrong}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Look.** A session runs the network; every value in it has a name and can be tapped.
//!
//! ```
//! # use striate::prelude::*;
//! let net = (striate::models::registry::find("convnet")?.build)(10, 1);
//! let graph = trace(net.as_ref(), Mode::Eval, [1, 28, 28])?;
//! let params = Params::init(&graph, 0);
//! let mut session = Session::new(graph, params)?;
//! let conv1 = session.tap("conv1")?;
//! let logits = session.run(&Array4::zeros((2, 1, 28, 28)).view())?;
//! assert_eq!(logits.shape(), [2, 10]);
//! assert_eq!(session.get(conv1).shape(), [2, 16, 28, 28]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Gradients have names, too. A hook receives the inputs and the output of an operation, and an edit changes a value for one
//! run: what would the network predict if this feature map were zero?
//!
//! ```
//! # use striate::prelude::*;
//! # let net = (striate::models::registry::find("convnet")?.build)(10, 1);
//! # let graph = trace(net.as_ref(), Mode::Eval, [1, 28, 28])?;
//! # let params = Params::init(&graph, 0);
//! # let mut session = Session::new(graph, params)?;
//! # let images = Array4::from_elem((2, 1, 28, 28), 0.5);
//! session.tap_all("conv*")?;
//! session.tap_grad("conv2")?;
//! let mut seven = ArrayD::zeros(vec![2, 10]);
//! (seven[[0, 7]], seven[[1, 7]]) = (1.0, 1.0); // the gradient of the logit of class 7, for both images
//! let logits = session.run_backward(&images.view(), &seven.view().into_dyn())?;
//! let seen = session.captured();
//! assert_eq!(seen.gradient("conv2").unwrap().shape(), seen.value("conv2").unwrap().shape());
//!
//! let hook = session.register_forward_hook("max_pool2d", |call| {
//!     println!("{} took {:?} and made {:?}", call.path, call.inputs[0].shape(), call.output.shape());
//! })?;
//! let without = session.run_with(&images.view(), &[Edit::zero_channel("conv2", 5)])?;
//! println!("map 5 of conv2 is worth {} to class 7", logits[[0, 7]] - without[[0, 7]]);
//! session.remove_hook(hook);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Train, use, save.** A [`Classifier`] is a network with its parameters, its preprocessing and the names of its classes. It
//! is saved as one file with everything needed to classify images.
//!
//! ```
//! # #[cfg(all(feature = "digits", feature = "train"))] {
//! # use striate::prelude::*;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("digits.safetensors");
//! let mut digits = striate::data::load("digits")?;
//! # let few = digits.train.images().unwrap();
//! # let (pixels, labels) = (few.pixels[..2000 * 784].to_vec(), few.labels[..2000].to_vec());
//! # digits.train = Images::new(few.shape(), pixels, labels)?.into();
//! let net = (striate::models::registry::find("convnet")?.build)(10, 1);
//! let config = FitConfig { epochs: 1, ..FitConfig::default() };
//! let mut model = Classifier::fit(net.as_ref(), &digits, &config)?;
//! model.save(&path)?;
//!
//! let mut same = Classifier::load(&path)?;
//! let image = digits.test.image(0)?;
//! let guess = same.predict(&image)?;
//! assert_eq!(guess.top(1), model.predict(&image)?.top(1));
//! println!("a {} with probability {:.3}", guess.class(), guess.probability());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//! * Everything here is a re-export, or is written with the public interface of the lower floors only.
//! * Every command of the binary can also be carried out with this crate.

mod classifier;
mod error;
mod prediction;
mod predictor;
#[cfg(feature = "train")]
mod preset;

pub use classifier::Classifier;
#[cfg(feature = "hub")]
pub use classifier::Pretrained;
pub use error::Error;
pub use prediction::Prediction;
pub use predictor::Predictor;
#[cfg(feature = "train")]
pub use preset::preprocess_of;
#[cfg(any(feature = "digits", feature = "hub", feature = "train"))]
pub use striate_data as data;
#[cfg(feature = "explain")]
pub use striate_explain as explain;
pub use striate_formats as formats;
pub use striate_graph as graph;
pub use striate_image as image;
pub use striate_kernels as kernels;
#[cfg(feature = "lab")]
pub use striate_lab as lab;
pub use striate_models as models;
#[cfg(feature = "explain")]
pub use striate_report as report;
#[cfg(feature = "train")]
pub use striate_train as train;

/// Layers, optimizers and learning-rate schedules, under PyTorch's names: the crate `striate-nn`.
pub mod nn {
    // That of `striate-nn` is for crates below this one.
    pub use striate_derive::Module;
    pub use striate_nn::*;
}

/// The names that most programs need, for `use striate::prelude::*;`.
pub mod prelude {
    pub use crate::nn::{Adam, AdamW, OptimizerConfig, Sgd};
    pub use crate::nn::{
        AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Module, ReLU,
        ReLU6, Schedule, Sequential,
    };
    pub use crate::{Classifier, Prediction, Predictor};
    pub use ndarray::{Array4, ArrayD, ArrayView4};
    #[cfg(any(feature = "digits", feature = "hub", feature = "train"))]
    pub use striate_data::{Augment, Dataset, Images, Split};
    #[cfg(feature = "explain")]
    pub use striate_explain::{shades, summary};
    pub use striate_graph::{Call, Captured, Edit, Hook, Tap};
    pub use striate_graph::{CrossEntropy, TrainOptions, TrainStep};
    pub use striate_graph::{Engine, Forward, Graph, Mode, Params, Session, Var, trace};
    pub use striate_image::{Image, Preprocess};
    #[cfg(feature = "train")]
    pub use striate_train::FitConfig;
    #[cfg(feature = "train")]
    pub use striate_train::finetune::FinetuneConfig;
}

#[cfg(all(doctest, feature = "decode"))]
#[doc = include_str!("../README.md")]
struct Readme;
