import Diagnostics
import Foundation
import TestSupport
import Testing

@testable import Training

/// A configuration in which only what must be there is there.
private let least = """
  model:
    path: base.gguf
  datasets:
    shapes:
      path: data/train.jsonl
      batch_size: 4
  run:
    init_lr: 1e-4
    min_lr: 8e-5
    max_epoch: 2
    output_dir: /runs/one
  """

private func decode(_ yaml: String, _ options: [String] = []) throws(InputError) -> TrainingConfiguration {
  try TrainingConfiguration(yaml: yaml, file: "c.yaml", directory: "/configs", options: options)
}

private func message(_ yaml: String, _ options: [String] = []) -> String {
  do {
    _ = try decode(yaml, options)
    return "no error"
  } catch {
    return error.description
  }
}

@Suite struct ConfigurationTests {
  @Test func whatIsAbsentIsUpstreams() throws {
    let configuration = try decode(least)
    var expected = TrainingConfiguration()
    expected.model.path = "/configs/base.gguf"
    var dataset = DatasetSettings()
    dataset.name = "shapes"
    dataset.path = "/configs/data/train.jsonl"
    dataset.batchSize = 4
    expected.datasets = [dataset]
    expected.run.maximumEpochs = 2
    expected.run.outputDirectory = "/runs/one"
    #expect(configuration == expected)
    #expect(configuration.datasets[0].source == .jsonLines(path: "/configs/data/train.jsonl"))
    #expect(configuration.run.weightDecay == 0.05)
    #expect(configuration.run.beta2 == 0.999)
    #expect(configuration.model.loraRank == 64)
    #expect(configuration.model.train == [.group(.projections), .group(.norms), .group(.lora)])
  }

  private static let full = """
    model: {path: base.gguf, adapter: new, lora_r: 8, lora_alpha: 32, lora_dropout: 0, lora_targets: [attn_qkv],
            train: [projections, "blk.*.ffn_*.weight", head],
            unfreeze: [{step: 100, train: [vision]}, {step: 200, train: [qformer, phi]}],
            input_norm: false, rms_norm: false, qk_norm: no, lora: false, image_size: 56, template: "Q: {} A: ",
            end_sym: "#", max_txt_len: 64, blocks_per_checkpoint: 2, output_adapter: "7"}
    datasets:
      b: {path: b.jsonl, batch_size: 2, sample_ratio: 0.5, shuffle: false, independent_turns: true, max_broken: 3}
      "a: 1": {scenes: {seed: 7, count: 1000, style: spanish, aspects: [vqa, refer], objects: [1, 3], turns: 2,
                   image_size: 112}, batch_size: 8, split: validation,
          augment: {flip: true, crop: 0.25, colour: false, scale: 1}}
    run: {objective: towers, init_lr: 1e-4, min_lr: 0.00008, warmup_lr: 1.0e-06, warmup_steps: 10, max_epoch: 3,
          iters_per_epoch: 100, weight_decay: 0, beta1: 0.8, beta2: 0.95, accum_grad_iters: 4, clip_grad_norm: 1,
          amp: true, seed: 7, threads: 2, world_size: 4, rank: 3, output_dir: out, resume_ckpt_path: old, save_every: 50, keep_checkpoints: 3,
          validate_every: 25, max_nonfinite: 0, feature_cache: cache,
          prune: {sparsity: 0.5, begin_step: 10, end_step: 90}}
    """

  @Test func everyKeyIsRead() throws {
    let c = try decode(Self.full)
    #expect(c.model.adapter == .new)
    #expect(c.model.train == [.group(.projections), .pattern("blk.*.ffn_*.weight"), .group(.head)])
    #expect(
      c.model.unfreeze == [
        .init(step: 100, train: [.group(.vision)]), .init(step: 200, train: [.group(.qformer), .group(.phi)]),
      ])
    #expect(!c.model.inputNorm && !c.model.rmsNorm && !c.model.qkNorm && !c.model.lora)
    #expect(c.model.imageSize == 56)
    #expect(c.model.outputAdapter == "7")
    #expect(c.datasets.map(\.name) == ["b", "a: 1"])
    #expect(c.datasets[1].scenes?.objects == 1...3)
    #expect(c.datasets[1].scenes?.style == .spanish)
    #expect(c.datasets[1].augment.flip == 0.5)
    #expect(c.datasets[1].augment.crop == 0.25)
    #expect(c.datasets[1].augment.colour == 0)
    #expect(c.run.objective == .towers)
    #expect(c.run.warmupLearningRate == 1e-6)
    #expect(c.run.precision == .bf16)
    #expect(c.run.featureCache == .directory("/configs/cache"))
    #expect(c.run.prune?.endStep == 90)
    #expect(c.run.worldSize == 4 && c.run.rank == 3)
  }

  @Test(arguments: [least, full])
  func whatIsWrittenReadsTheSame(yaml: String) throws {
    let configuration = try decode(yaml)
    let again = try TrainingConfiguration(yaml: configuration.yaml, file: "written", directory: "/elsewhere")
    #expect(again == configuration)
    #expect(again.yaml == configuration.yaml)
  }

  /// A default that is not its key's own decoding would be written and come back as another.
  @Test func everyFieldIsInAWrittenConfiguration() throws {
    let yaml = try decode(Self.full).yaml
    for key in ModelSettings.fields.map(\.key) + RunSettings.fields.map(\.key) + SceneSettings.fields.map(\.key) {
      #expect(yaml.contains("\(key):"))
    }
  }

  @Test func optionsReplace() throws {
    let configuration = try decode(
      least,
      [
        "run.max_epoch=5", "model.train=[lora, norms]", "run.prune={sparsity: 0.5, begin_step: 0, end_step: 10}",
        "model.template=###Human: {} # ", "datasets.shapes.sample_ratio=2", "datasets.shapes.augment.flip=0.1",
        "run.output_dir=/x=y",
      ])
    #expect(configuration.run.maximumEpochs == 5)
    #expect(configuration.model.train == [.group(.lora), .group(.norms)])
    #expect(configuration.run.prune?.sparsity == 0.5)
    #expect(configuration.model.template == "###Human: {} # ")
    #expect(configuration.datasets[0].sampleRatio == 2)
    #expect(configuration.datasets[0].augment.flip == 0.1)
    #expect(configuration.run.outputDirectory == "/x=y")
    // In messages as it was written; in what is written out, so that it means the same elsewhere.
    let here = FileManager.default.currentDirectoryPath
    let relative = try decode(least, ["run.output_dir=runs/a"])
    #expect(relative.run.outputDirectory == "runs/a")
    #expect(relative.yaml.contains("output_dir: \"\(here)/runs/a\""))
  }

  @Test func pathsStayAsTheyWereWritten() throws {
    let yaml = least.replacingOccurrences(of: "base.gguf", with: "../base.gguf")
      .replacingOccurrences(of: "max_epoch", with: "feature_cache: kept\n  max_epoch")
    let configuration = try TrainingConfiguration(yaml: yaml, file: "configs/c.yaml", directory: "configs")
    #expect(configuration.model.path == "configs/../base.gguf")
    #expect(configuration.run.featureCache == .directory("configs/kept"))
    #expect(try TrainingConfiguration(yaml: yaml, file: "c.yaml").model.path == "../base.gguf")
    let here = FileManager.default.currentDirectoryPath
    let written = try TrainingConfiguration(yaml: configuration.yaml, file: "config.yaml", directory: "elsewhere")
    #expect(written.model.path == here + "/configs/../base.gguf")
    #expect(written.datasets[0].path == here + "/configs/data/train.jsonl")
    #expect(written.run.featureCache == .directory(here + "/configs/kept"))
  }

  @Test(arguments: [
    (
      ["run.max_epoc=5"],
      "--options: run.max_epoc: expected a known key, found 'max_epoc'. The nearest known key is max_epoch"
    ),
    (["run.max_epoch=five"], "--options: run.max_epoch: expected a whole number of at least 1, found 'five'"),
    (["run.max_epoch"], "--options: expected section.key=value, such as run.max_epoch=2, found 'run.max_epoch'"),
    (["run..x=1"], "--options: expected section.key=value, such as run.max_epoch=2, found 'run..x=1'"),
    (
      ["run.max_epoch.x=1"],
      "--options: run.max_epoch.x=1: expected keys of mappings, found a key behind what is none. A list is replaced as a whole"
    ),
    (
      ["model.train=[lora"],
      "--options model.train:2:1: expected YAML, found an error (did not find expected ',' or ']')"
    ),
  ])
  func wrongOptionsAreNamed(options: [String], expected: String) {
    #expect(message(least, options) == expected)
  }

  /// Each changes one thing in `least`.
  @Test(arguments: [
    (
      "max_epoch: 2", "max_epochs: 2",
      "c.yaml:10:3: run.max_epochs: expected a known key, found 'max_epochs'. The nearest known key is max_epoch"
    ),
    ("model:", "modle:", "c.yaml:1:1: modle: expected a known key, found 'modle'. The nearest known key is model"),
    ("max_epoch: 2", "keep_checkpoints: 2", "c.yaml:8:3: run.max_epoch: expected a value, found no such key"),
    ("max_epoch: 2", "max_epoch:", "c.yaml:8:3: run.max_epoch: expected a value, found no such key"),
    ("max_epoch: 2", "max_epoch: 0", "c.yaml:10:14: run.max_epoch: expected a whole number of at least 1, found '0'"),
    (
      "max_epoch: 2", "max_epoch: 1.5",
      "c.yaml:10:14: run.max_epoch: expected a whole number of at least 1, found '1.5'"
    ),
    (
      "max_epoch: 2", "max_epoch: \"2\"",
      "c.yaml:10:14: run.max_epoch: expected a whole number of at least 1, found '2'"
    ),
    (
      "max_epoch: 2", "max_epoch: 99999999999999999999",
      "c.yaml:10:14: run.max_epoch: expected a whole number of at least 1, found '99999999999999999999'"
    ),
    (
      "max_epoch: 2", "max_epoch: [2]",
      "c.yaml:10:14: run.max_epoch: expected a whole number of at least 1, found a list of 1"
    ),
    ("init_lr: 1e-4", "init_lr: nan", "c.yaml:8:12: run.init_lr: expected a number from 0 to 10, found 'nan'"),
    ("init_lr: 1e-4", "init_lr: -1e-4", "c.yaml:8:12: run.init_lr: expected a number from 0 to 10, found '-1e-4'"),
    (
      "batch_size: 4", "batch_size: 0",
      "c.yaml:6:17: datasets.shapes.batch_size: expected a whole number from 1 to 65536, found '0'"
    ),
    (
      "batch_size: 4", "batch_size: 4\n    split: test",
      "c.yaml:7:12: datasets.shapes.split: expected train or validation, found 'test'"
    ),
    (
      "batch_size: 4", "batch_size: 4\n    sample_ratio: 0",
      "c.yaml:1:1: datasets: expected a dataset to train on with a sample_ratio above 0, found none"
    ),
    (
      "batch_size: 4", "batch_size: 4\n    scenes: {seed: 1, count: 1}",
      "c.yaml:5:5: datasets.shapes: expected either path or scenes, found both"
    ),
    (
      "path: data/train.jsonl", "shuffle: maybe",
      "c.yaml:5:14: datasets.shapes.shuffle: expected true or false, found 'maybe'"
    ),
    (
      "path: data/train.jsonl", "shuffle: true",
      "c.yaml:5:5: datasets.shapes: expected either path or scenes, found neither"
    ),
    (
      "path: base.gguf", "path: 12",
      "c.yaml:2:9: model.path: expected a text, found '12'. Put it in quotes if it is one"
    ),
    (
      "path: base.gguf", "path: base.gguf\n  train: [lora, normes]",
      "c.yaml:3:17: model.train[1]: expected projections, norms, lora, qformer, vision, phi, embeddings, head or a pattern of names such as blk.*.ffn_*.weight, found 'normes'. The nearest group is norms"
    ),
    ("path: base.gguf", "path: base.gguf\n  path: other.gguf", "c.yaml:2:3: expected YAML, found a key twice: path"),
    (
      "path: base.gguf", "path: base.gguf\n  template: \"{} and {}\"",
      "c.yaml:2:3: model.template: expected a text with {} once, found 2 of them"
    ),
    (
      "max_epoch: 2", "max_epoch: 2\n  world_size: 2\n  rank: 2",
      "c.yaml:8:3: run.rank: expected a number below world_size, which is 2, found 2"
    ),
    ("path: base.gguf", "path: *base", "c.yaml:2:9: expected YAML, found an error (found undefined alias)"),
    ("path: base.gguf", "path: [base", "c.yaml:3:9: expected YAML, found an error (did not find expected ',' or ']')"),
    (
      "path: base.gguf", "path: base.gguf\n  unfreeze: [{step: 5, train: [phi]}, {step: 5, train: [lora]}]",
      "c.yaml:2:3: model.unfreeze: expected steps that grow, found 5 after 5"
    ),
  ])
  func mistakesAreNamedWithTheirPlace(right: String, wrong: String, expected: String) throws {
    let range = try #require(least.range(of: right))
    #expect(message(least.replacingCharacters(in: range, with: wrong)) == expected)
  }

  /// The stages that come with the program, at both sizes.
  @Test func theConfigurationsOfTheStagesAreRead() throws {
    let assets = Fixtures.directory.deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("assets/training")
    var count = 0
    for folder in [assets, assets.appendingPathComponent("demo")] {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".yaml") {
        let configuration = try TrainingConfiguration(path: folder.appendingPathComponent(name).path)
        #expect(configuration.run.outputDirectory.contains("/runs/"), "\(name)")
        count += 1
      }
    }
    #expect(count >= 15)
    let stage4 = try TrainingConfiguration(path: assets.path + "/stage4.yaml")
    #expect(stage4.datasets.count == 20 && stage4.run.featureCache == .off)
    #expect(try TrainingConfiguration(path: assets.path + "/stage3.yaml").run.featureCache == .inOutputDirectory)
  }

  @Test func whatIsNoMappingIsRefused() {
    #expect(message("") == "c.yaml: expected a mapping with model, datasets, run, found an empty file")
    #expect(message("- 1") == "c.yaml:1:1: expected a mapping with model, datasets, run, found a list of 1")
    #expect(message("a: 1\n---\nb: 2").hasPrefix("c.yaml:2:1: expected YAML"))
  }

  @Test func filesAreReadWithTheirFolder() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("c.yaml")
      try Data(("\u{feff}" + least).utf8).write(to: file)
      let configuration = try TrainingConfiguration(path: file.path)
      #expect(configuration.model.path == folder.path + "/base.gguf")
      try Data([0x61, 0xff]).write(to: file)
      #expect(throws: InputError(file: file.path, expected: "text in UTF-8", found: "bytes that are none")) {
        try TrainingConfiguration(path: file.path)
      }
      #expect(throws: InputError.self) { try TrainingConfiguration(path: folder.path + "/none.yaml") }
    }
  }

  @Test(arguments: [
    ("blk.*.ffn_*.weight", "blk.12.ffn_up.weight", true), ("blk.*.ffn_*.weight", "blk.12.ffn_up.bias", false),
    ("*", "", true), ("blk.?.x", "blk.1.x", true), ("blk.?.x", "blk.12.x", false), ("a.b", "a.bc", false),
    ("*a*a*a*b", String(repeating: "a", count: 5000), false),
  ])
  func patternsMatchWholeNames(pattern: String, name: String, matches: Bool) {
    #expect(ParameterSelector.pattern(pattern).matches(name: name) == matches)
  }
}
