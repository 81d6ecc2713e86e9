import Tensors

/// A fingerprint of bytes: 128 bits of MurmurHash3 (its x64 variant with seed 0, after Appleby's description).
///
/// It tells contents apart and finds damage: two contents agree by chance once in 2^128. It is no protection from
/// someone who wants two contents to agree.
public struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
  /// The first and the second 64 bits.
  public let first, second: UInt64

  /// Puts a digest together from its halves.
  public init(first: UInt64, second: UInt64) {
    self.first = first
    self.second = second
  }

  /// The digest of some bytes.
  public init(of bytes: UnsafeRawBufferPointer) {
    var hasher = ContentHasher()
    hasher.append(bytes)
    self = hasher.digest
  }

  /// The digest of some bytes.
  public init(of bytes: some Sequence<UInt8>) {
    self = Array(bytes).withUnsafeBytes { ContentDigest(of: $0) }
  }

  /// The key of something computed from `bytes` (a picture file, say) in a certain way (`variant`: size, crop, …).
  public init(of bytes: some Sequence<UInt8>, variant: String) {
    var hasher = ContentHasher()
    hasher.appendField(variant.utf8)
    hasher.append(Array(bytes))
    self = hasher.digest
  }

  /// The digest of a tensor's type, shape and elements; of the pixels that an encoder sees, for instance.
  public init(of tensor: Tensor) {
    var hasher = ContentHasher()
    hasher.append(tensor)
    self = hasher.digest
  }

  /// 32 hexadecimal digits, the first half first.
  public var description: String { Self.hexadecimal(first) + Self.hexadecimal(second) }

  /// The two halves as they lie in files, little-endian.
  package var bytes: [UInt8] { littleEndianBytes(first) + littleEndianBytes(second) }

  private static func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}

/// Computes a ``ContentDigest`` piece by piece. Where the pieces are cut makes no difference.
public struct ContentHasher {
  private var first: UInt64 = 0
  private var second: UInt64 = 0
  /// Bytes that do not fill a block of 16 yet.
  private var pending: [UInt8] = []
  private var count: UInt64 = 0

  /// Starts with nothing.
  public init() {}

  /// Appends bytes.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    count &+= UInt64(bytes.count)
    var rest = bytes[...]
    if !pending.isEmpty {
      let missing = rest.prefix(16 - pending.count)
      pending.append(contentsOf: missing)
      rest = rest.dropFirst(missing.count)
      guard pending.count == 16 else { return }
      let (low, high) = Self.words(pending)
      mix(low, high)
      pending.removeAll(keepingCapacity: true)
    }
    let blocks = UnsafeRawBufferPointer(rebasing: rest)
    let whole = blocks.count / 16 * 16
    for position in stride(from: 0, to: whole, by: 16) {
      mix(
        UInt64(littleEndian: blocks.loadUnaligned(fromByteOffset: position, as: UInt64.self)),
        UInt64(littleEndian: blocks.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self)))
    }
    pending.append(contentsOf: blocks[whole...])
  }

  /// Appends bytes.
  public mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append($0) }
  }

  /// Appends bytes and their number, so that fields cannot run into each other.
  public mutating func appendField(_ bytes: some Collection<UInt8>) {
    append(littleEndianBytes(UInt64(bytes.count)))
    append(Array(bytes))
  }

  /// Appends a tensor's type, shape and elements.
  public mutating func append(_ tensor: Tensor) {
    appendField("\(tensor.type.name) \(tensor.shape)".utf8)
    append(tensor.bytes)
  }

  /// The digest of what was appended so far.
  public var digest: ContentDigest {
    let (low, high) = Self.words(pending + [UInt8](repeating: 0, count: 16 - pending.count))
    var a = first ^ Self.scrambledLow(low) ^ count
    var b = second ^ Self.scrambledHigh(high) ^ count
    a &+= b
    b &+= a
    a = Self.avalanche(a)
    b = Self.avalanche(b)
    a &+= b
    b &+= a
    return ContentDigest(first: a, second: b)
  }

  private mutating func mix(_ low: UInt64, _ high: UInt64) {
    first ^= Self.scrambledLow(low)
    first = (Self.rotated(first, 27) &+ second) &* 5 &+ 0x52dc_e729
    second ^= Self.scrambledHigh(high)
    second = (Self.rotated(second, 31) &+ first) &* 5 &+ 0x3849_5ab5
  }

  private static func scrambledLow(_ word: UInt64) -> UInt64 {
    rotated(word &* 0x87c3_7b91_1142_53d5, 31) &* 0x4cf5_ad43_2745_937f
  }

  private static func scrambledHigh(_ word: UInt64) -> UInt64 {
    rotated(word &* 0x4cf5_ad43_2745_937f, 33) &* 0x87c3_7b91_1142_53d5
  }

  private static func avalanche(_ word: UInt64) -> UInt64 {
    var word = (word ^ word >> 33) &* 0xff51_afd7_ed55_8ccd
    word = (word ^ word >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return word ^ word >> 33
  }

  private static func rotated(_ word: UInt64, _ bits: UInt64) -> UInt64 { word &<< bits | word &>> (64 - bits) }

  private static func words(_ block: [UInt8]) -> (low: UInt64, high: UInt64) {
    block.withUnsafeBytes {
      (
        UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)),
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
  }
}

/// A whole number's bytes, lowest first.
package func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
