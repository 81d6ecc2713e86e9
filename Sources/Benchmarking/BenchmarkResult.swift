/// One quantity of a benchmark.
public struct BenchmarkResult: Equatable, Sendable {
  /// What was measured: `prompt 128`.
  public var name: String
  /// On how many threads.
  public var threads: Int
  /// What the samples are counted in.
  public var unit: String
  /// What came out, every time.
  public var samples: Samples
  /// What the machine has only so much of for this, and how much of that was used, 1 for all of it.
  public var share: Share?

  /// A part of a machine's limit.
  public struct Share: Equatable, Sendable {
    /// Of what: the name of another result.
    public var limit: String
    /// 1 for all of it.
    public var value: Double

    /// Puts it together.
    public init(of limit: String, value: Double) {
      self.limit = limit
      self.value = value
    }
  }

  /// Puts it together.
  public init(name: String, threads: Int, unit: String, samples: Samples, share: Share? = nil) {
    self.name = name
    self.threads = threads
    self.unit = unit
    self.samples = samples
    self.share = share
  }
}
