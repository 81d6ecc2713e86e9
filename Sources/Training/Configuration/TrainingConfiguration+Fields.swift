import Diagnostics
import Dialogue
import Yams

// The keys of a configuration, in upstream's words, with what may stand behind them.

private let count = 0...Int(Int32.max)
private let positive = 1...Int(Int32.max)
private let rate = 0.0...10.0

extension TrainingConfiguration: ConfigurationSection {
  static let fields: [ConfigurationField<Self>] = [
    ConfigurationField("model", \.model, .section(), isRequired: true),
    ConfigurationField("datasets", \.datasets, .datasets, isRequired: true),
    ConfigurationField("run", \.run, .section(), isRequired: true),
  ]

  func check(_ value: ConfigurationValue) throws(InputError) {
    guard datasets.contains(where: { $0.split == .train && $0.sampleRatio > 0 }) else {
      throw value.member("datasets", value.node).error(
        expected: "a dataset to train on with a sample_ratio above 0", found: "none")
    }
  }
}

extension ModelSettings: ConfigurationSection {
  static let fields: [ConfigurationField<Self>] = [
    ConfigurationField("path", \.path, .path, isRequired: true),
    ConfigurationField("checkpoint", \.checkpoint, .optional(.path)),
    ConfigurationField("adapter", \.adapter, .adapter),
    ConfigurationField("lora_r", \.loraRank, .integer(1...65536)),
    ConfigurationField("lora_alpha", \.loraAlpha, .number(0...1e6)),
    ConfigurationField("lora_dropout", \.loraDropout, .number(0...0.99)),
    ConfigurationField("lora_targets", \.loraTargets, .list(.string)),
    ConfigurationField("train", \.train, .list(.selector)),
    ConfigurationField("unfreeze", \.unfreeze, .list(.section())),
    ConfigurationField("input_norm", \.inputNorm, .bool),
    ConfigurationField("rms_norm", \.rmsNorm, .bool),
    ConfigurationField("qk_norm", \.qkNorm, .bool),
    ConfigurationField("lora", \.lora, .bool),
    ConfigurationField("image_size", \.imageSize, .optional(.integer(1...16384))),
    ConfigurationField("template", \.template, .string),
    ConfigurationField("end_sym", \.endSymbol, .string),
    ConfigurationField("max_txt_len", \.maximumTextLength, .integer(1...1 << 20)),
    ConfigurationField("blocks_per_checkpoint", \.blocksPerCheckpoint, .integer(0...65536)),
    ConfigurationField("output_adapter", \.outputAdapter, .optional(.string)),
  ]

  func check(_ value: ConfigurationValue) throws(InputError) {
    let parts = template.split(separator: "{}", omittingEmptySubsequences: false)
    guard parts.count == 2 else {
      throw value.member("template", value.node).error(
        expected: "a text with {} once", found: "\(parts.count - 1) of them")
    }
    for (earlier, later) in zip(unfreeze, unfreeze.dropFirst()) where earlier.step >= later.step {
      throw value.member("unfreeze", value.node).error(
        expected: "steps that grow", found: "\(later.step) after \(earlier.step)")
    }
  }
}

extension ModelSettings.Unfreezing: ConfigurationSection {
  static let fields: [ConfigurationField<Self>] = [
    ConfigurationField("step", \.step, .integer(count), isRequired: true),
    ConfigurationField("train", \.train, .list(.selector), isRequired: true),
  ]
}

extension DatasetSettings: ConfigurationSection {
  static let fields: [ConfigurationField<Self>] = [
    ConfigurationField("path", \.path, .optional(.path)),
    ConfigurationField("scenes", \.scenes, .optional(.section())),
    ConfigurationField("batch_size", \.batchSize, .integer(1...65536), isRequired: true),
    ConfigurationField("sample_ratio", \.sampleRatio, .number(0...1e9)),
    ConfigurationField("shuffle", \.shuffle, .bool),
    ConfigurationField("independent_turns", \.independentTurns, .bool),
    ConfigurationField("split", \.split, .choice()),
    ConfigurationField("max_broken", \.maximumBroken, .integer(count)),
    ConfigurationField("augment", \.augment, .section()),
  ]

  func check(_ value: ConfigurationValue) throws(InputError) {
    guard (path == nil) != (scenes == nil) else {
      throw value.error(expected: "either path or scenes", found: path == nil ? "neither" : "both")
    }
  }
}

extension SceneSettings: ConfigurationSection {
  static let fields: [ConfigurationField<Self>] = [
    ConfigurationField("seed", \.seed, .integer(0...Int.max), isRequired: true),
    ConfigurationField("count", \.count, .integer(positive), isRequired: true),
    ConfigurationField("style", \.style, .choice()),
    ConfigurationField("aspects", \.aspects, .list(.string)),
    ConfigurationField("objects", \.objects, .bounds(1...12)),
    ConfigurationField("smallest", \.smallest, .number(0.01...0.9)),
    ConfigurationField("largest", \.largest, .number(0.01...0.9)),
    ConfigurationField("textured", \.isTextured, .bool),
    ConfigurationField("degraded", \.isDegraded, .bool),
    ConfigurationField("turns", \.turns, .integer(1...1000)),
    ConfigurationField("image_size", \.imageSize, .optional(.integer(1...16384))),
  ]
}

extension AugmentationSettings: ConfigurationSection {
  static let fields: [ConfigurationField<Self>] = [
    ConfigurationField("flip", \.flip, .likelihood),
    ConfigurationField("crop", \.crop, .likelihood),
    ConfigurationField("colour", \.colour, .likelihood),
    ConfigurationField("scale", \.scale, .likelihood),
  ]
}

extension RunSettings: ConfigurationSection {
  static let fields: [ConfigurationField<Self>] = [
    ConfigurationField("objective", \.objective, .choice()),
    ConfigurationField("optimizer", \.optimizer, .choice()),
    ConfigurationField("init_lr", \.initialLearningRate, .number(rate), isRequired: true),
    ConfigurationField("min_lr", \.minimumLearningRate, .number(rate), isRequired: true),
    ConfigurationField("warmup_lr", \.warmupLearningRate, .optional(.number(rate))),
    ConfigurationField("warmup_steps", \.warmupSteps, .integer(count)),
    ConfigurationField("max_epoch", \.maximumEpochs, .integer(positive), isRequired: true),
    ConfigurationField("iters_per_epoch", \.iterationsPerEpoch, .optional(.integer(positive))),
    ConfigurationField("weight_decay", \.weightDecay, .number(0...1)),
    ConfigurationField("beta1", \.beta1, .number(0...0.999999)),
    ConfigurationField("beta2", \.beta2, .number(0...0.999999)),
    ConfigurationField("accum_grad_iters", \.accumulatedIterations, .integer(1...65536)),
    ConfigurationField("clip_grad_norm", \.gradientNormLimit, .number(0...Double.greatestFiniteMagnitude)),
    ConfigurationField("amp", \.precision, .precision),
    ConfigurationField("seed", \.seed, .integer(0...Int.max)),
    ConfigurationField("threads", \.threads, .optional(.integer(1...1024))),
    ConfigurationField("world_size", \.worldSize, .integer(1...1 << 20)),
    ConfigurationField("rank", \.rank, .integer(0...1 << 20)),
    ConfigurationField("output_dir", \.outputDirectory, .path, isRequired: true),
    ConfigurationField("resume_ckpt_path", \.resumeCheckpoint, .optional(.path)),
    ConfigurationField("save_every", \.saveEvery, .optional(.integer(positive))),
    ConfigurationField("keep_checkpoints", \.keptCheckpoints, .integer(1...65536)),
    ConfigurationField("validate_every", \.validateEvery, .optional(.integer(positive))),
    ConfigurationField("max_nonfinite", \.maximumNonFinite, .integer(count)),
    ConfigurationField("feature_cache", \.featureCache, .featureCaching),
    ConfigurationField("prune", \.prune, .optional(.section())),
  ]

  func check(_ value: ConfigurationValue) throws(InputError) {
    guard rank < worldSize else {
      throw value.member("rank", value.node).error(
        expected: "a number below world_size, which is \(worldSize)", found: "\(rank)")
    }
    // Steps are multiplied out in schedules.
    guard let iterationsPerEpoch else { return }
    guard !maximumEpochs.multipliedReportingOverflow(by: iterationsPerEpoch).overflow else {
      throw value.member("max_epoch", value.node).error(expected: "fewer epochs", found: "\(maximumEpochs)")
    }
  }
}

extension RunSettings.Pruning: ConfigurationSection {
  static let fields: [ConfigurationField<Self>] = [
    ConfigurationField("sparsity", \.sparsity, .number(0...0.999999), isRequired: true),
    ConfigurationField("begin_step", \.beginStep, .integer(count), isRequired: true),
    ConfigurationField("end_step", \.endStep, .integer(count), isRequired: true),
  ]

  func check(_ value: ConfigurationValue) throws(InputError) {
    guard beginStep <= endStep else {
      throw value.error(expected: "end_step not before begin_step", found: "\(endStep) before \(beginStep)")
    }
  }
}

// MARK: - Values with words of their own

extension ConfigurationCodec where Value == [DatasetSettings] {
  /// A mapping from names to datasets.
  static var datasets: Self {
    Self { value throws(InputError) in
      guard case .mapping(let mapping) = value.node else {
        throw value.error(expected: "a mapping from names to datasets")
      }
      var datasets: [DatasetSettings] = []
      for (key, node) in mapping {
        let name = key.scalar?.string ?? ""
        var dataset = try DatasetSettings(value.member(name, node))
        dataset.name = name
        datasets.append(dataset)
      }
      return datasets
    } encode: {
      Node($0.map { (.quoted($0.name), $0.node) })
    }
  }
}

extension ConfigurationCodec where Value == ModelSettings.Adapter {
  /// A name in the model file, a path (which has a slash), `new`, or `none`.
  static var adapter: Self {
    Self { value throws(InputError) in
      let name = try ConfigurationCodec<String>.string.decode(value)
      switch name {
      case "none": return ModelSettings.Adapter.none
      case "new": return .new
      default: return .named(name.contains("/") ? try ConfigurationCodec<String>.path.decode(value) : name)
      }
    } encode: {
      switch $0 {
      case .none: nil
      case .new: .plain("new")
      case .named(let name): .quoted(name.contains("/") ? name.absolutePath : name)
      }
    }
  }
}

extension ConfigurationCodec where Value == ParameterSelector {
  /// A group, or a pattern: what has a dot, `*` or `?` in it.
  static var selector: Self {
    Self { value throws(InputError) in
      let text = try ConfigurationCodec<String>.string.decode(value)
      if let group = ParameterGroup(rawValue: text) { return .group(group) }
      if text.contains(where: { ".*?".contains($0) }) { return .pattern(text) }
      let groups = ParameterGroup.allCases.map(\.rawValue)
      throw value.error(
        expected: "\(groups.joined(separator: ", ")) or a pattern of names such as blk.*.ffn_*.weight",
        remedy: "The nearest group is \(Spelling.nearest(to: text, in: groups) ?? "")")
    } encode: {
      switch $0 {
      case .group(let group): .plain(group.rawValue)
      case .pattern(let pattern): .quoted(pattern)
      }
    }
  }
}

extension ConfigurationCodec where Value == RunSettings.Precision {
  /// `false`, or `true` or `bf16`.
  static var precision: Self {
    Self { value throws(InputError) in
      if let isOn = value.node.bool { return isOn ? .bf16 : .f32 }
      guard value.node.scalar?.string == "bf16" else { throw value.error(expected: "false, true or bf16") }
      return .bf16
    } encode: {
      .plain($0 == .bf16 ? "bf16" : "false")
    }
  }
}

extension ConfigurationCodec where Value == RunSettings.FeatureCaching {
  /// `false`, `true`, or a folder.
  static var featureCaching: Self {
    Self { value throws(InputError) in
      if let isOn = value.node.bool { return isOn ? .inOutputDirectory : .off }
      return .directory(try ConfigurationCodec<String>.path.decode(value))
    } encode: {
      switch $0 {
      case .off: .plain("false")
      case .inOutputDirectory: .plain("true")
      case .directory(let path): .quoted(path.absolutePath)
      }
    }
  }
}
