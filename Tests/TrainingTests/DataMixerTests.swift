import Diagnostics
import Foundation
import Testing

@testable import Training

private typealias Dataset = DataMixer.Dataset

private let two = [
  Dataset(name: "a", count: 10, batchSize: 3, sampleRatio: 1),
  Dataset(name: "b", count: 7, batchSize: 2, sampleRatio: 3),
]

@Suite struct DataMixerTests {
  @Test(arguments: [1, 2, 3, 4, 5, 16, 17, 1000])
  func anOrderHasEachIndexOnce(count: Int) {
    for seed in 0..<5 {
      let order = SeededPermutation(count: count, seed: UInt64(seed))
      #expect(Set((0..<count).map { order[$0] }) == Set(0..<count))
    }
  }

  /// Over many seeds each index stands at each place equally often, and all orders of three occur.
  @Test func ordersAreRandom() {
    var counts = [Int](repeating: 0, count: 25)
    for seed in 0..<20_000 {
      let order = SeededPermutation(count: 5, seed: UInt64(seed))
      for place in 0..<5 { counts[place * 5 + order[place]] += 1 }
    }
    // 4000 expected, standard deviation 57.
    #expect(counts.allSatisfy { (3700...4300).contains($0) }, "\(counts)")
    let orders = Set(
      (0..<200).map { seed in
        let order = SeededPermutation(count: 3, seed: UInt64(seed))
        return (0..<3).map { order[$0] }
      })
    #expect(orders.count == 6)
  }

  @Test func noRecordComesTwiceInAPass() throws {
    var mixer = try DataMixer(datasets: two, seed: 3)
    var records: [[Int]] = [[], []]
    for step in 0..<400 {
      #expect(mixer.step == step)
      let batch = mixer.next()
      #expect(batch.indexes.count == two[batch.dataset].batchSize)
      #expect(batch.passes.first == records[batch.dataset].count / two[batch.dataset].count)
      records[batch.dataset] += batch.indexes
    }
    for (dataset, records) in zip(two, records) {
      let passes = stride(from: 0, to: records.count - dataset.count, by: dataset.count)
        .map { Array(records[$0..<$0 + dataset.count]) }
      for pass in passes { #expect(Set(pass) == Set(0..<dataset.count)) }
      #expect(Set(passes).count > passes.count / 2)
    }
  }

  @Test func datasetsAreDrawnByRatio() throws {
    let datasets = two + [Dataset(name: "never", count: 0, batchSize: 5, sampleRatio: 0)]
    var mixer = try DataMixer(datasets: datasets, seed: 1)
    var counts = [0, 0, 0]
    for _ in 0..<4000 { counts[mixer.next().dataset] += 1 }
    // 1000 expected, standard deviation 27.
    #expect((890...1110).contains(counts[0]))
    #expect(counts[2] == 0)
  }

  @Test func theFilesOrderIsKeptWhereItShall() throws {
    let dataset = Dataset(name: "a", count: 4, batchSize: 3, shuffle: false)
    var mixer = try DataMixer(datasets: [dataset], seed: 9)
    #expect((0..<3).map { _ in mixer.next().indexes } == [[0, 1, 2], [3, 0, 1], [2, 3, 0]])
    // A dataset smaller than a batch goes round.
    var small = try DataMixer(datasets: [Dataset(name: "a", count: 1, batchSize: 3)], seed: 9)
    #expect(small.next().indexes == [0, 0, 0])
    #expect(small.next().passes.first == 3)
  }

  @Test func seedsDiffer() throws {
    func batches(_ seed: UInt64) throws -> [DataMixer.Batch] {
      var mixer = try DataMixer(datasets: two, seed: seed)
      return (0..<20).map { _ in mixer.next() }
    }
    #expect(try batches(1) == batches(1))
    #expect(try batches(1) != batches(2))
  }

  @Test func shardsShareWhatOneWouldDo() throws {
    let wide = two.map { dataset in
      var dataset = dataset
      dataset.batchSize *= 3
      return dataset
    }
    var whole = try DataMixer(datasets: wide, seed: 5)
    var shards = try (0..<3).map { try DataMixer(datasets: two, seed: 5, shard: .init(index: $0, of: 3)) }
    for _ in 0..<50 {
      let batch = whole.next()
      let parts = shards.indices.map { shards[$0].next() }
      #expect(parts.allSatisfy { $0.dataset == batch.dataset })
      #expect(parts.flatMap(\.indexes) == batch.indexes)
    }
  }

  @Test(arguments: [0, 1, 17])
  func aStoredMixerGoesOn(steps: Int) throws {
    var whole = try DataMixer(datasets: two, seed: 8)
    for _ in 0..<steps { _ = whole.next() }
    let stored = try JSONEncoder().encode(whole)
    #expect(stored.count < 500)
    var resumed = try DataMixer(datasets: two, seed: 8).resumed(
      from: JSONDecoder().decode(DataMixer.self, from: stored))
    var skipped = try DataMixer(datasets: two, seed: 8)
    skipped.skip(steps)
    for _ in 0..<50 {
      let batch = whole.next()
      #expect(resumed.next() == batch)
      #expect(skipped.next() == batch)
    }
  }

  @Test func otherDataIsNotGoneOnWith() throws {
    let stored = try DataMixer(datasets: two, seed: 8)
    func refusal(_ datasets: [Dataset], seed: UInt64 = 8, shard: DataMixer.Shard = .whole) throws -> InputError {
      try #require(throws: InputError.self) {
        try DataMixer(datasets: datasets, seed: seed, shard: shard).resumed(from: stored)
      }
    }
    var grown = two
    grown[1].count = 8
    let error = try refusal(grown)
    #expect(error.field == "dataset b")
    #expect(error.expected == "7 records in batches of 2, ratio 3.0, shuffled")
    #expect(error.found == "8 records in batches of 2, ratio 3.0, shuffled")
    #expect(try refusal([two[0]]).field == "datasets")
    #expect(try refusal(two, seed: 9).field == "seed")
    #expect(try refusal(two, shard: .init(index: 1, of: 2)).field == "shard")
  }

  @Test(arguments: [
    #""positions":[3,-3]"#, #""positions":[3]"#, #""positions":[3,9000000000000000000]"#,
  ])
  func forgedCountersAreRefused(positions: String) throws {
    let stored = String(decoding: try JSONEncoder().encode(DataMixer(datasets: two, seed: 8)), as: UTF8.self)
    #expect(stored.contains(#""positions":[0,0]"#))
    let forged = stored.replacingOccurrences(of: #""positions":[0,0]"#, with: positions)
    #expect(throws: InputError.self) { try JSONDecoder().decode(DataMixer.self, from: Data(forged.utf8)) }
  }

  @Test(arguments: [
    [], [Dataset(name: "a", count: 5, batchSize: 1, sampleRatio: 0)], [Dataset(name: "a", count: 0, batchSize: 1)],
    [Dataset(name: "a", count: -1, batchSize: 1, sampleRatio: 0)] + two, [Dataset(name: "a", count: 5, batchSize: 0)],
    [Dataset(name: "a", count: 5, batchSize: 1, sampleRatio: .nan)],
    [Dataset(name: "a", count: 5, batchSize: 1, sampleRatio: -1)] + two,
  ])
  func whatCannotBeMixedIsRefused(datasets: [DataMixer.Dataset]) {
    #expect(throws: InputError.self) { try DataMixer(datasets: datasets, seed: 0) }
  }

  @Test func shardsOutOfRangeAreRefused() {
    for (index, count) in [(1, 1), (-1, 2), (0, 0)] {
      #expect(throws: InputError.self) { try DataMixer(datasets: two, seed: 0, shard: .init(index: index, of: count)) }
    }
  }
}
