import Diagnostics
import Tensors

/// Which records make which batch.
///
/// Each batch is from one dataset, drawn by ratio as upstream's `MultiIterLoader` does. A dataset is passed through in an
/// order of its own for each pass, so that no record comes twice in a pass; a batch that reaches over the end of a pass goes
/// on with the next one.
///
/// All follows from the seed and a few counters, which is what a checkpoint stores: the order of a pass is computed, not
/// kept. Decoding checks what it reads.
public struct DataMixer: Sendable, Equatable {
  /// What has to be known of a dataset.
  public struct Dataset: Sendable, Equatable, Codable {
    /// Its name, for messages.
    public var name: String
    /// Records in it.
    public var count: Int
    /// Records in a batch.
    public var batchSize: Int
    /// How often it is drawn, relative to the others; 0 for never.
    public var sampleRatio: Double
    /// Whether each pass has another order; otherwise it is that of the file.
    public var shuffle: Bool

    /// Describes a dataset.
    public init(name: String, count: Int, batchSize: Int, sampleRatio: Double = 1, shuffle: Bool = true) {
      self.name = name
      self.count = count
      self.batchSize = batchSize
      self.sampleRatio = sampleRatio
      self.shuffle = shuffle
    }
  }

  /// One of several processes that train together, each on its share of every batch.
  public struct Shard: Sendable, Equatable, Codable {
    /// Which one, from 0.
    public var index: Int
    /// How many there are.
    public var count: Int

    /// The `index`th of `count`.
    public init(index: Int, of count: Int) {
      self.index = index
      self.count = count
    }

    /// One that does everything.
    public static let whole = Shard(index: 0, of: 1)
  }

  /// The records of a batch.
  public struct Batch: Sendable, Equatable {
    /// Which dataset they are from.
    public var dataset: Int
    /// Which records they are.
    public var indexes: [Int]
    /// For each, how many passes through the dataset were complete before it.
    public var passes: [Int]
  }

  /// What is mixed.
  public let datasets: [Dataset]
  /// Decides every order and every draw.
  public let seed: UInt64
  /// Whose share the batches are.
  public let shard: Shard
  /// How many batches were given out.
  public private(set) var step = 0
  /// How many records of each dataset all shards together have had.
  private var positions: [Int]

  /// Counters beyond this were not counted but forged.
  private static let limit = 1 << 60

  /// Begins at the first batch.
  ///
  /// - Throws: ``InputError`` if a dataset that shall be drawn has no records, none shall be drawn, or a number makes no
  ///   sense.
  public init(datasets: [Dataset], seed: UInt64, shard: Shard = .whole) throws(InputError) {
    guard (1...1 << 20).contains(shard.count), (0..<shard.count).contains(shard.index) else {
      throw InputError(file: "shard", expected: "an index below the count", found: "\(shard.index) of \(shard.count)")
    }
    for dataset in datasets {
      func require(_ condition: Bool, _ field: String, _ expected: String, _ found: String) throws(InputError) {
        guard !condition else { return }
        throw InputError(file: "dataset \(dataset.name)", field: field, expected: expected, found: found)
      }
      let ratio = dataset.sampleRatio
      try require(ratio >= 0 && ratio <= 1e9, "sample_ratio", "a number from 0 to 1000000000", "\(ratio)")
      try require((1...1 << 20).contains(dataset.batchSize), "batch_size", "at least 1", "\(dataset.batchSize)")
      try require(
        dataset.count <= Self.limit && (dataset.count > 0 || dataset.count == 0 && ratio == 0), "records",
        "at least one", "\(dataset.count)")
    }
    guard datasets.contains(where: { $0.sampleRatio > 0 }) else {
      throw InputError(file: "datasets", expected: "one with a sample_ratio above 0", found: "none")
    }
    self.datasets = datasets
    self.seed = seed
    self.shard = shard
    positions = Array(repeating: 0, count: datasets.count)
  }

  /// The next batch.
  public mutating func next() -> Batch {
    let index = advance()
    let dataset = datasets[index]
    let start = self.positions[index] - dataset.batchSize * (shard.count - shard.index)
    var pass = -1
    var order: SeededPermutation?
    let positions = start..<start + dataset.batchSize
    let indexes = positions.map { position in
      if position / dataset.count != pass {
        pass = position / dataset.count
        order =
          dataset.shuffle
          ? SeededPermutation(count: dataset.count, seed: mixedSeed(seed, 1, UInt64(index), UInt64(pass))) : nil
      }
      let place = position % dataset.count
      return order?[place] ?? place
    }
    return Batch(dataset: index, indexes: indexes, passes: positions.map { $0 / dataset.count })
  }

  /// Leaves out some batches.
  public mutating func skip(_ batches: Int = 1) {
    for _ in 0..<batches { _ = advance() }
  }

  /// Draws a dataset and counts the records of its batch.
  private mutating func advance() -> Int {
    let total = datasets.reduce(0) { $0 + $1.sampleRatio }
    var generator = SplitMix64(state: mixedSeed(seed, 2, UInt64(step)))
    var rest = generator.nextUnit() * total
    var drawn = 0
    // Rounding may leave a rest behind the last: it belongs to the last that can be drawn.
    for (index, dataset) in datasets.enumerated() where dataset.sampleRatio > 0 {
      drawn = index
      rest -= dataset.sampleRatio
      if rest < 0 { break }
    }
    step += 1
    positions[drawn] += datasets[drawn].batchSize * shard.count
    return drawn
  }
}

// MARK: - Checkpoints

extension DataMixer: Codable {
  private enum CodingKeys: String, CodingKey { case datasets, seed, shard, step, positions }

  /// Reads a mixer, with the checks of ``init(datasets:seed:shard:)``.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      datasets: values.decode([Dataset].self, forKey: .datasets), seed: values.decode(UInt64.self, forKey: .seed),
      shard: values.decode(Shard.self, forKey: .shard))
    step = try values.decode(Int.self, forKey: .step)
    positions = try values.decode([Int].self, forKey: .positions)
    let counters = positions + [step]
    guard positions.count == datasets.count, counters.allSatisfy({ (0...Self.limit).contains($0) }) else {
      throw InputError(
        file: "data position", expected: "\(datasets.count) counters of at least 0", found: "\(counters)")
    }
  }

  /// A mixer that goes on where a stored one was.
  ///
  /// - Throws: ``InputError`` if the stored one mixed something else: other records would follow than in the run that
  ///   goes on.
  public func resumed(from stored: DataMixer) throws(InputError) -> DataMixer {
    func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError(
        file: "data position", field: field, expected: expected, found: found,
        remedy: "The data changed since the checkpoint was written: start a new run from its weights")
    }
    guard stored.datasets.map(\.name) == datasets.map(\.name) else {
      func names(_ mixer: DataMixer) -> String { mixer.datasets.map(\.name).joined(separator: ", ") }
      throw fail("datasets", names(stored), names(self))
    }
    for (before, now) in zip(stored.datasets, datasets) where before != now {
      func words(_ dataset: Dataset) -> String {
        "\(dataset.count) records in batches of \(dataset.batchSize), ratio \(dataset.sampleRatio), "
          + (dataset.shuffle ? "shuffled" : "in order")
      }
      throw fail("dataset \(now.name)", words(before), words(now))
    }
    guard stored.seed == seed else { throw fail("seed", "\(stored.seed)", "\(seed)") }
    guard stored.shard == shard else {
      throw fail("shard", "\(stored.shard.index) of \(stored.shard.count)", "\(shard.index) of \(shard.count)")
    }
    return stored
  }
}
