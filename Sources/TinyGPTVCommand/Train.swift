import ArgumentParser
import Diagnostics
import Foundation
import Training

/// `tinygptv train`: a run as a YAML file describes it.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model or an adapter.",
    discussion: """
      The configuration has upstream's keys in three sections, model, datasets and run; docs/TRAINING.md explains them. \
      The run's folder (run.output_dir) gets metrics.jsonl, event files for TensorBoard, checkpoints and, at the end, \
      the adapter or the model. Ctrl-C saves and stops (exit status 130, or 143 after SIGTERM); --resume goes on from \
      there as if nothing had happened.
      """)

  @Option(help: ArgumentHelp("The run's configuration.", valueName: "file.yaml"))
  var config: String

  @Option(help: ArgumentHelp("Continue from this run's last checkpoint, or from this checkpoint.", valueName: "folder"))
  var resume: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Values in place of the configuration's, such as run.max_epoch=2.", valueName: "key=value"))
  var options: [String] = []

  @Flag(help: "Print no progress.")
  var quiet = false

  func run() throws {
    let configuration = try TrainingConfiguration(path: config, options: options)
    StopSignal.install()
    // A limit on the size of files is then an error like a full disk.
    signal(SIGXFSZ, SIG_IGN)
    var progress = ProgressWriter()
    var estimate: ProgressEstimate?
    let stage = URL(fileURLWithPath: config).deletingPathExtension().lastPathComponent
    let isQuiet = quiet
    let run = TrainingRun(configuration, resume: resume) { event in
      switch event {
      case .step(let record, let total, let samples, let seconds):
        if isQuiet { break }
        var present = estimate ?? ProgressEstimate(stage: stage, totalSteps: total)
        progress.show(
          present.add(
            step: record.step + 1, loss: record.number("loss") ?? .nan,
            learningRate: record.number("learning_rate") ?? .nan,
            gradientNorm: record.number("gradient_norm") ?? .nan, samples: samples, seconds: seconds))
        estimate = present
      case .saved(let path): if !isQuiet { progress.remark("saved \(path)") }
      case .note(let error): progress.remark("\(error)")
      }
    }
    let end = try run.run { StopSignal.wasSent }
    progress.finish()
    if end == .stopped {
      note("stopped; continue with --resume \(configuration.run.outputDirectory)")
      throw ExitCode(StopSignal.exitStatus)
    }
  }
}
