//! Which kernels a network is planned as, in use and in training, and in which order: what passes are for.

use super::*;
use expect_test::expect;

/// Others may be added without a change here.
const NETS: [&str; 7] = [
    "convnet",
    "mixnet",
    "pools and dropout",
    "mlp that ends in log-softmax",
    "concatenations",
    "shared layers",
    "residual blocks",
];

fn cases(mode: Mode) -> impl Iterator<Item = Case> {
    Case::all(mode).into_iter().filter(|case| NETS.contains(&case.net.name))
}

/// The names of kernels, those that come several times in a row once.
fn kernels(profile: Vec<(&'static str, f64)>) -> String {
    let mut told: Vec<(&str, usize)> = Vec::new();
    for (name, _) in profile {
        match told.last_mut() {
            Some((last, times)) if *last == name => *times += 1,
            _ => told.push((name, 1)),
        }
    }
    let one =
        |(name, times): (&str, usize)| if times == 1 { name.into() } else { format!("{name} x{times}") };
    told.into_iter().map(one).collect::<Vec<String>>().join(", ")
}

#[test]
fn networks_are_planned_as_these_kernels() {
    let mut told = String::new();
    for case in cases(Mode::Eval) {
        let mut session = case.session();
        let in_use = kernels(session.profile(&case.images, case.n).unwrap());
        session.tap_all("*").unwrap();
        let looked_at = kernels(session.profile(&case.images, case.n).unwrap());
        told += &format!("{}\n  in use: {in_use}\n  looked at: {looked_at}\n", case.net.name);
    }
    for case in cases(Mode::Train) {
        let mut step = case.step(TrainOptions::new(case.n, 5));
        let in_training = kernels(step.profile(&case.images, &case.labels(), 0.1));
        told += &format!("{}\n  in training: {in_training}\n", case.net.name);
    }
    expect![[r#"
        convnet
          in use: import, conv+relu+max-pool x2, linear x2
          looked at: import, conv+relu+max-pool x2, linear, activation, linear
        mixnet
          in use: import, conv, conv+add, conv, avg-pool, adaptive avg-pool, flatten, linear
          looked at: import, conv, batch norm statistics, batch norm, activation, conv, batch norm statistics, batch norm, add, activation, conv, activation, avg-pool, adaptive avg-pool, flatten, linear
        pools and dropout
          in use: import, conv, max-pool, conv, activation, add, adaptive avg-pool, flatten, linear
          looked at: import, conv, activation, max-pool, conv, activation, add, adaptive avg-pool, flatten, linear
        mlp that ends in log-softmax
          in use: import, flatten, linear x2, softmax
          looked at: import, flatten, linear, activation, linear, softmax
        concatenations
          in use: import, conv, channels, conv, channels, adaptive avg-pool, flatten, linear, channels, linear
          looked at: import, conv, activation, channels, conv, activation, channels, adaptive avg-pool, flatten, linear, activation, channels, linear
        shared layers
          in use: import, conv, batch norm statistics, batch norm, conv, batch norm statistics, batch norm, conv, flatten, linear x3
          looked at: import, conv, batch norm statistics, batch norm, activation, conv, batch norm statistics, batch norm, activation, conv, activation, linear, activation, linear x2
        residual blocks
          in use: import, conv, conv+add, conv, conv+add x2, conv+relu+max-pool, max-pool, add, adaptive avg-pool, flatten, linear
          looked at: import, conv, activation, conv, batch norm statistics, batch norm, add, activation, conv x2, batch norm statistics, batch norm, add, activation, conv, add, conv, activation, max-pool x2, add, adaptive avg-pool, flatten, linear
        convnet
          in training: import, conv+relu+max-pool x2, linear x2, cross entropy, loss report, transpose weights, linear backward data, linear backward weight, activation backward, transpose weights, linear backward data, linear backward weight, conv+pool backward bias, reduce, conv+pool backward weight, reduce, gather, conv+pool backward data, conv+pool backward bias, reduce, conv+pool backward weight, reduce, sgd x8
        mixnet
          in training: import, conv, moments, batch norm statistics, batch norm, conv, moments, batch norm statistics, batch norm, conv, avg-pool, adaptive avg-pool, flatten, linear, cross entropy, loss report, transpose weights, linear backward data, linear backward weight, unflatten, adaptive avg-pool backward, avg-pool backward, activation backward, gather, conv backward data, gather, conv backward data, gather, conv backward data, gather, conv backward data, conv backward bias, conv backward weight, reduce, batch norm backward sums, batch norm backward weight, batch norm backward data, gather, conv backward data+add, conv backward bias, conv backward weight, reduce, clear unconnected, batch norm backward sums, batch norm backward weight, batch norm backward data, conv backward weight, reduce, sgd x11
        pools and dropout
          in training: import, conv, max-pool, dropout, conv, activation, add, adaptive avg-pool, flatten, dropout, linear, cross entropy, loss report, transpose weights, linear backward data, linear backward weight, dropout, unflatten, adaptive avg-pool backward, copy x2, activation backward, add, gather, conv backward data, conv backward bias, conv backward weight, reduce, dropout, max-pool backward, activation backward, conv backward bias, conv backward weight, reduce, sgd x6
        mlp that ends in log-softmax
          in training: import, flatten, linear x2, softmax, cross entropy, loss report, softmax backward, transpose weights, linear backward data, linear backward weight, activation backward, linear backward weight, sgd x4
        concatenations
          in training: import, conv, channels, conv, channels, adaptive avg-pool, flatten, linear, channels, linear, cross entropy, loss report, transpose weights, linear backward data, linear backward weight, channels x2, activation backward, transpose weights, linear backward data, linear backward weight, add, unflatten, adaptive avg-pool backward, channels x4, add x2, activation backward, gather, conv backward data+add, conv backward bias, conv backward weight, reduce, channels, activation backward, conv backward bias, conv backward weight, reduce, sgd x8
        shared layers
          in training: import, conv, moments, batch norm statistics, batch norm, gather, conv, moments, batch norm statistics, batch norm, conv, flatten, linear x3, cross entropy, loss report, transpose weights, linear backward data, linear backward weight, transpose weights, linear backward data, linear backward weight, activation backward, transpose weights, linear backward data, linear backward weight, unflatten, activation backward, gather, conv backward data, gather, conv backward data, gather, conv backward data, gather, conv backward data, conv backward bias, conv backward weight, reduce, batch norm backward sums, batch norm backward weight, batch norm backward data, gather, conv backward data, conv backward bias, conv backward weight, reduce, batch norm backward sums, batch norm backward weight, batch norm backward data, conv backward bias, conv backward weight, reduce, add gradient x6, sgd x10
        residual blocks
          in training: import, conv x2, moments, batch norm statistics, batch norm, conv x2, moments, batch norm statistics, batch norm, conv+add, conv+relu+max-pool, max-pool, add, adaptive avg-pool, flatten, linear, cross entropy, loss report, transpose weights, linear backward data, linear backward weight, unflatten, adaptive avg-pool backward, copy x2, max-pool backward, conv+pool backward bias, reduce, conv+pool backward weight, reduce, gather, conv+pool backward data, add, copy, gather, conv backward data, conv backward bias, conv backward weight, reduce, add, batch norm backward sums, batch norm backward weight, batch norm backward data, gather, conv backward data, gather, conv backward data, gather, conv backward data, gather, conv backward data, conv backward bias, conv backward weight, reduce, gather, conv backward data+add, gather, conv backward data+add, gather, conv backward data+add, gather, conv backward data+add, conv backward bias, conv backward weight, reduce, batch norm backward sums, batch norm backward weight, batch norm backward data, gather, conv backward data+add, conv backward weight, reduce, activation backward, conv backward bias, conv backward weight, reduce, sgd x17
    "#]].assert_eq(&told);
}
