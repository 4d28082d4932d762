//! The network to be measured, ready to run: for inference or for training.

use striate_base::memory::reserved;
use striate_graph::{
    CrossEntropy, Engine, Explained, Graph, Params, PlanError, Session, TrainOptions, TrainStep,
};
use striate_kernels::OutOfMemory;
use striate_nn::OptimizerConfig;

use crate::LabError;

/// A network to measure. Its graph must be traced for the work: for inference or for training.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The name of the network.
    pub model: String,
    /// The network.
    pub graph: Graph,
    /// The parameters of the network.
    pub params: Params,
    /// The work to measure.
    pub work: Work,
    /// The number of samples per run.
    pub batch: usize,
}

/// The work of a network while it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Inference.
    Inference,
    /// Training: one step of the default optimizer.
    Training,
}

impl Work {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Inference => "inference",
            Self::Training => "training step",
        }
    }
}

/// A network that can run.
pub(crate) struct Runner {
    kind: Kind,
    images: Vec<f32>,
    labels: Vec<u32>,
}

enum Kind {
    Use(Box<Session>),
    Training(Box<TrainStep>),
}

/// Small enough to keep every weight a number for as many steps as there may be.
const LEARNING_RATE: f32 = 1e-5;

impl Subject {
    pub(crate) fn runner(&self, engine: &Engine) -> Result<Runner, LabError> {
        let (graph, params, batch) = (&self.graph, &self.params, self.batch);
        let kind = match self.work {
            Work::Inference => {
                Kind::Use(Session::with_engine(graph.clone(), params.clone(), engine.clone())?.into())
            }
            Work::Training => {
                let optimizer = OptimizerConfig::default().build().expect("the default is valid");
                let (loss, options) = (CrossEntropy::default(), TrainOptions::new(batch, 0));
                Kind::Training(
                    TrainStep::new(graph, params, &loss, optimizer.as_ref(), engine.clone(), options)?.into(),
                )
            }
        };
        // Any values do: no kernel's time depends on them.
        let len = graph.input_shape().iter().product::<usize>().saturating_mul(batch);
        let bytes = len.saturating_mul(4);
        let mut images = reserved(len).map_err(|_| PlanError::Memory(OutOfMemory { bytes, most: None }))?;
        images.extend((0..len).map(|i| (i * 37 % 256) as f32 / 128.0 - 1.0));
        let classes: usize = graph.output_shape().iter().product();
        Ok(Runner { kind, images, labels: (0..batch).map(|i| (i % classes) as u32).collect() })
    }
}

impl Runner {
    /// One run, or one step.
    pub(crate) fn run(&mut self) -> Result<(), LabError> {
        match &mut self.kind {
            Kind::Use(session) => {
                session.run_slice(&self.images, self.labels.len())?;
            }
            Kind::Training(step) => {
                step.step(&self.images, &self.labels, LEARNING_RATE);
            }
        }
        Ok(())
    }

    /// As [`Runner::run`], and what each part of it took.
    pub(crate) fn explain(&mut self) -> Result<Vec<Explained>, LabError> {
        match &mut self.kind {
            Kind::Use(session) => Ok(session.explain(&self.images, self.labels.len())?),
            Kind::Training(step) => Ok(step.explain(&self.images, &self.labels, LEARNING_RATE)),
        }
    }

    /// Bytes of the planned memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        match &self.kind {
            Kind::Use(session) => session.memory_bytes(),
            Kind::Training(step) => step.memory_bytes(),
        }
    }
}
