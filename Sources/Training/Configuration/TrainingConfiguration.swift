/// What a run trains, on what, and how: upstream's YAML file with its three sections.
///
/// Keys are upstream's; the tables in `TrainingConfiguration+YAML.swift` give the key of each property. A property that
/// stands for an absent key holds what upstream would take.
public struct TrainingConfiguration: Sendable, Equatable {
  /// `model`: the base, and which of its parameters train.
  public var model = ModelSettings()
  /// `datasets`, in the order of the file.
  public var datasets: [DatasetSettings] = []
  /// `run`: schedule, optimiser, output.
  public var run = RunSettings()

  /// Everything as upstream has it, with no dataset.
  public init() {}
}

/// The section `model`.
public struct ModelSettings: Sendable, Equatable {
  /// Which adapter the base gets.
  public enum Adapter: Sendable, Equatable {
    /// None: no low-rank pairs.
    case none
    /// New low-rank pairs: A random, B zero.
    case new
    /// One that the base file holds, or one in a file or PEFT directory.
    case named(String)
  }

  /// From this optimiser step on these train instead (layer-wise unfreezing).
  public struct Unfreezing: Sendable, Equatable {
    /// The first step, counted from 0, at which the selection holds.
    public var step = 0
    /// What trains from then on.
    public var train: [ParameterSelector] = []

    /// Nothing, from step 0.
    public init() {}
    /// A selection from a step on.
    public init(step: Int, train: [ParameterSelector]) {
      self.step = step
      self.train = train
    }
  }

  /// The GGUF file of the base.
  public var path = ""
  /// A run's folder, one of its checkpoints, or a safetensors file, whose values
  /// the model begins with, frozen parts included; nil for the base file's.
  public var checkpoint: String?
  /// Which adapter the base gets.
  public var adapter = Adapter.none
  /// Rank of new low-rank pairs.
  public var loraRank = 64
  /// Their scale is `loraAlpha / loraRank`.
  public var loraAlpha = 16.0
  /// Probability with which an input of a low-rank pair is dropped in training.
  public var loraDropout = 0.05
  /// The matrices of a block that get a pair, by their names in the model file.
  public var loraTargets = ["attn_qkv", "attn_output"]
  /// What trains from the first step.
  public var train: [ParameterSelector] = [.group(.projections), .group(.norms), .group(.lora)]
  /// What trains later, in the order of their steps.
  public var unfreeze: [Unfreezing] = []
  /// Whether the blocks normalise their input (an ablation takes it away).
  public var inputNorm = true
  /// Whether there is an RMSNorm behind the attention (an ablation takes it away).
  public var rmsNorm = true
  /// Whether queries and keys are normalised (an ablation takes it away).
  public var qkNorm = true
  /// Whether low-rank pairs are used and trained (an ablation takes them away).
  public var lora = true
  /// Side of the square picture in pixels; nil for the base file's.
  public var imageSize: Int?
  /// What stands around an instruction, with `{}` in its place.
  public var template = "###Human: {} ###Assistant: "
  /// What ends an answer; it is learned with it.
  public var endSymbol = "###"
  /// The most text tokens of a sample; what is beyond is cut.
  public var maximumTextLength = 160
  /// Blocks whose activations are computed again together in the backward pass; 0 keeps all activations.
  public var blocksPerCheckpoint = 0
  /// The name of the adapter that comes out; nil for the run folder's name.
  public var outputAdapter: String?

  /// TinyGPT-V's stage 3, without a base.
  public init() {}
}

/// Parts of the model that are named together in `train`.
public enum ParameterGroup: String, CaseIterable, Sendable {
  /// Both projections between Q-Former and Phi.
  case projections
  /// Phi's norms.
  case norms
  /// The low-rank pairs.
  case lora
  /// The Q-Former with its queries and the norm in front of it.
  case qformer
  /// The vision tower.
  case vision
  /// The matrices of Phi's blocks.
  case phi
  /// The token embedding.
  case embeddings
  /// The output layer.
  case head
}

/// An entry of `train`.
public enum ParameterSelector: Sendable, Equatable {
  /// A part of the model.
  case group(ParameterGroup)
  /// All parameters whose name matches: `*` stands for any text, `?` for one character.
  case pattern(String)
}

extension ParameterSelector {
  /// Whether a pattern fits the whole of a parameter's name; false for a group.
  public func matches(name: String) -> Bool {
    guard case .pattern(let pattern) = self else { return false }
    return Self.matches(Array(pattern.utf8), Array(name.utf8))
  }

  /// Linear in the product of the lengths: only the last `*` is ever tried again.
  private static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
    var (p, n) = (0, 0)
    var retry: (pattern: Int, name: Int)?
    while n < name.count {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        retry = (p + 1, n)
        p += 1
      } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == name[n] {
        p += 1
        n += 1
      } else if let again = retry {
        retry = (again.pattern, again.name + 1)
        (p, n) = (again.pattern, again.name + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
