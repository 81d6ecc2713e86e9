import Scenes

/// An entry of the section `datasets`.
public struct DatasetSettings: Sendable, Equatable {
  /// Where records come from.
  public enum Source: Sendable, Equatable {
    /// A file of JSON lines.
    case jsonLines(path: String)
    /// Scenes that are drawn when they are wanted.
    case scenes(SceneSettings)
  }

  /// What records are for.
  public enum Split: String, CaseIterable, Sendable {
    /// To learn from.
    case train
    /// To measure with.
    case validation
  }

  /// Its key in the section.
  public var name = ""
  /// The file of JSON lines; nil if the records are scenes.
  public var path: String?
  /// The scenes; nil if the records are in a file.
  public var scenes: SceneSettings?
  /// Records in a batch.
  public var batchSize = 1
  /// How often a batch is from this dataset, relative to the others; 0 for never.
  public var sampleRatio = 1.0
  /// Whether every pass has an order of its own.
  public var shuffle = true
  /// Whether each turn of a conversation is a sample of its own, rather than all in one sequence.
  public var independentTurns = false
  /// What the records are for.
  public var split = Split.train
  /// How many broken records are skipped before the run stops.
  public var maximumBroken = 0
  /// How pictures are changed in training.
  public var augment = AugmentationSettings()

  /// One record a batch, from nowhere.
  public init() {}

  /// Where records come from. Decoding has made sure that there is exactly one source.
  public var source: Source {
    if let scenes { return .scenes(scenes) }
    return .jsonLines(path: path ?? "")
  }
}

/// Scenes as a dataset: record `i` is the scene of `seed` and `i`.
public struct SceneSettings: Sendable, Equatable {
  /// Decides what the scenes are.
  public var seed = 0
  /// How many there are.
  public var count = 0
  /// In what way is talked about them.
  public var style = TalkStyle.plain
  /// What is talked about; empty for everything.
  public var aspects: [String] = []
  /// How many objects are in a scene.
  public var objects = 1...6
  /// The least size of an object, as a part of the picture's shorter side.
  public var smallest = 0.08
  /// The greatest size of an object, as a part of the picture's shorter side.
  public var largest = 0.7
  /// Whether backgrounds may have stripes, grain and gradients.
  public var isTextured = true
  /// Whether some pictures have JPEG artefacts, blur or noise.
  public var isDegraded = true
  /// Questions about each.
  public var turns = 6
  /// At what size in pixels they will be looked at: sides are drawn from 64 pixels to one and a half times that, since
  /// larger ones would only take longer; nil for sides up to 1024.
  public var imageSize: Int?

  /// No scenes.
  public init() {}
}

/// How likely each change of a training picture is; `true` in the file is 0.5.
public struct AugmentationSettings: Sendable, Equatable {
  /// Mirrored left to right, with boxes and words.
  public var flip = 0.0
  /// Cut to a part of it.
  public var crop = 0.0
  /// Brightness, contrast and saturation changed.
  public var colour = 0.0
  /// Made coarser.
  public var scale = 0.0

  /// None.
  public init() {}

  /// Whether no picture changes.
  public var isOff: Bool { self == AugmentationSettings() }
}
