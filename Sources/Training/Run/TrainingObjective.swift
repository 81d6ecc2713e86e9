import Diagnostics
import Tensors

/// Which record of which dataset a sample is made of.
struct SampleReference: Sendable {
  /// The dataset's place in the configuration.
  var dataset: Int
  /// The record's place in the dataset.
  var record: Int
  /// How often the dataset was passed through before.
  var pass: Int
  /// Decides what chance decides for this sample.
  var seed: UInt64
}

/// What a run teaches: how samples are made, and what their loss is.
protocol TrainingObjective: Sendable {
  /// A record ready for the model.
  associatedtype Sample: Sendable

  /// Reads and prepares a record; called in the background.
  ///
  /// - Throws: ``InputError`` for a broken record, which may be skipped.
  func sample(_ reference: SampleReference) throws(InputError) -> Sample

  /// How much a sample counts in the mean over a batch, such as its number of target tokens; above 0.
  func weight(_ sample: Sample) -> Float

  /// The samples in groups, each of which may go through the model in one pass.
  func packed(_ samples: [Sample]) -> [[Sample]]

  /// The sum of some samples' mean losses, each times its share, as a scalar; called by several threads at once.
  ///
  /// - Parameters:
  ///   - samples: one of the groups that ``packed(_:)`` makes.
  ///   - seed: decides about dropout; nil outside training.
  ///   - tally: gets what was right.
  func loss(_ samples: [Sample], shares: [Float], seed: UInt64?, tally: inout Tally) -> Tensor

  /// What the user should know and was not told yet.
  func takeWarnings() -> [InputError]
}

extension TrainingObjective {
  func takeWarnings() -> [InputError] { [] }
}
