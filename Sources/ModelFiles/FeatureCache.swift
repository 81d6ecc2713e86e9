import Diagnostics
import Synchronization
import Tensors

/// What a frozen encoder made of pictures, kept on disk: computed once, read in every later epoch.
///
/// One file per encoder, which only grows: a header, then records of one size, each a key, a digest and the elements.
/// Nothing in it is trusted. A record counts as absent unless its digest, which covers encoder, key and elements, agrees;
/// half a record at the end, left by a killed process, is overwritten by the next. Several threads and several processes
/// may use one cache at a time.
public final class FeatureCache: Sendable {
  /// The dimensions of every tensor in the cache.
  public let shape: [Int]
  /// How the elements are stored: `f32` gives back the same bits, `bf16` and `f16` round.
  public let type: ScalarType
  /// The file.
  public let path: String

  private let file: AppendedFile
  private let identity: ContentDigest
  private let payloadSize: Int
  private let limit: Int
  private let state: Mutex<State>

  private struct State {
    /// Where the newest record of each key starts.
    var positions: [ContentDigest: Int] = [:]
    /// Whether nothing more can be stored.
    var isFull = false
    /// Why, until someone was told.
    var warning: InputError?
  }

  private static let magic = Array("TGVFEAT1".utf8)
  private static let headerSize = 32
  private static let recordHeadSize = 32
  private var recordSize: Int { Self.recordHeadSize + payloadSize }

  /// Opens the cache of one encoder, and makes it if there is none.
  ///
  /// - Parameters:
  ///   - directory: where caches lie; made if it is not there.
  ///   - fingerprint: what the tensors depend on besides the picture: a digest of the encoder's weights, its picture
  ///     size, the version of its code. A cache of another fingerprint, shape or type is never used.
  ///   - shape: the dimensions of every tensor.
  ///   - type: `f32`, `bf16` or `f16`.
  ///   - limit: how large the file may grow, in bytes.
  /// - Throws: ``InputError`` if the directory or the file cannot be read or written to. A full disk is no error: the
  ///   cache then stores nothing, and ``store(_:for:)`` tells.
  public init(
    directory: String, fingerprint: String, shape: [Int], type: ScalarType = .f32, limit: Int = 64 << 30
  ) throws(InputError) {
    guard [.f32, .bf16, .f16].contains(type), let payloadSize = type.byteCount(shape: shape), payloadSize > 0 else {
      preconditionFailure("a cache cannot hold \(shape) of \(type)")
    }
    var hasher = ContentHasher()
    hasher.appendField(fingerprint.utf8)
    hasher.appendField("\(type.name) \(shape)".utf8)
    identity = hasher.digest
    self.shape = shape
    self.type = type
    self.payloadSize = payloadSize
    self.limit = limit
    try makeDirectory(directory)
    path = join(directory, "features-\(identity).cache")
    file = try AppendedFile(path: path)
    state = Mutex(State())
    let found = try Self.open(file, header: header, recordSize: Self.recordHeadSize + payloadSize)
    state.withLock { $0 = found }
  }

  private var header: [UInt8] { Self.magic + identity.bytes + littleEndianBytes(UInt64(payloadSize)) }

  /// What stands at the beginning of a file.
  enum Beginning {
    /// The header that is expected.
    case header
    /// Something else, or less: the file is to be started anew.
    case other
    /// Nobody knows: it is long enough, but could not be read.
    case unreadable

    init(_ bytes: [UInt8]?, ofFileSize size: Int, header: [UInt8]) {
      switch bytes {
      case nil: self = size < header.count ? .other : .unreadable
      case header: self = .header
      default: self = .other
      }
    }
  }

  /// Finds the records; starts the file anew if its header is not the one expected.
  private static func open(
    _ file: AppendedFile, header: [UInt8], recordSize: Int
  ) throws(InputError) -> State {
    try file.whileLocked { () throws(InputError) in
      var state = State()
      let size = try file.size()
      switch Beginning(file.read(headerSize, at: 0), ofFileSize: size, header: header) {
      case .header: break
      case .unreadable:
        // Hours of work may lie in it, behind a disk that will be back.
        throw InputError(
          file: file.path, expected: "a cache that can be read", found: "an error of the disk",
          remedy: "Try again, name another feature_cache, or delete the file.")
      case .other:
        try file.truncate(to: 0)
        do throws(InputError) { try file.append(header) } catch {
          state.isFull = true
          state.warning = error
        }
        return state
      }
      let count = (size - headerSize) / recordSize
      state.positions.reserveCapacity(count)
      for index in 0..<count {
        let position = headerSize + index * recordSize
        guard let key = file.read(16, at: position) else { break }
        state.positions[key.withUnsafeBytes { ContentDigest(littleEndian: $0) }] = position
      }
      return state
    }
  }

  /// How many pictures there is a record for, whole or damaged.
  public var count: Int { state.withLock { $0.positions.count } }

  /// The tensor that was stored for a key, in f32; nil if there is none, or a damaged one.
  public func tensor(for key: ContentDigest) -> Tensor? {
    guard let position = state.withLock({ $0.positions[key] }) else { return nil }
    let result = Tensor(uninitialized: shape, type: type)
    let payload = UnsafeMutableRawBufferPointer(start: result.address, count: payloadSize)
    if let head = file.read(Self.recordHeadSize, at: position),
      file.read(into: payload, at: position + Self.recordHeadSize), head == recordHead(key, result.bytes)
    {
      return result.converted(to: .f32)
    }
    // The next one to be stored for this key replaces it.
    state.withLock { if $0.positions[key] == position { $0.positions[key] = nil } }
    return nil
  }

  /// Keeps a tensor, unless there is one for this key already.
  ///
  /// - Returns: why nothing can be stored from now on (a full disk, a cache at its limit), told once; nil otherwise. What
  ///   is in the cache can still be read then.
  public func store(_ tensor: Tensor, for key: ContentDigest) -> InputError? {
    precondition(tensor.shape == shape, "a tensor of \(tensor.shape) in a cache of \(shape)")
    let stored = tensor.converted(to: type)
    let record = recordHead(key, stored.bytes) + Array(stored.bytes)
    return state.withLock { state in
      if state.isFull {
        defer { state.warning = nil }
        return state.warning.map(warning)
      }
      guard state.positions[key] == nil else { return nil }
      do throws(InputError) {
        state.positions[key] = try append(record)
        return nil
      } catch {
        state.isFull = true
        return warning(error)
      }
    }
  }

  /// The values that ``tensor(for:)`` would give for this tensor, in f32, so that a picture that is seen for the first
  /// time and one that comes from the cache give the same results.
  public func rounded(_ tensor: Tensor) -> Tensor { tensor.converted(to: type).converted(to: .f32) }

  private func append(_ record: [UInt8]) throws(InputError) -> Int {
    try file.whileLocked { () throws(InputError) in
      let size = try file.size()
      // Another process may have started the file anew, and one that was killed may have left half a record.
      guard size >= Self.headerSize else {
        throw InputError(file: path, expected: "the cache's header", found: "a file of \(size) bytes")
      }
      let end = Self.headerSize + (size - Self.headerSize) / recordSize * recordSize
      guard end <= limit - recordSize else {
        throw InputError(
          file: path, expected: "at most \(limit) bytes", found: "a cache that is full", remedy: "Allow it more.")
      }
      if end < size { try file.truncate(to: end) }
      return try file.append(record)
    }
  }

  private func warning(_ error: InputError) -> InputError {
    var warning = error
    let note = "Features are computed instead of kept from now on."
    warning.remedy = error.remedy.map { "\($0) \(note)" } ?? note
    return warning
  }

  private func recordHead(_ key: ContentDigest, _ payload: UnsafeRawBufferPointer) -> [UInt8] {
    var hasher = ContentHasher()
    hasher.append(identity.bytes + key.bytes)
    hasher.append(payload)
    return key.bytes + hasher.digest.bytes
  }
}

extension ContentDigest {
  /// Reads a digest as ``bytes`` gives it, from at least 16 bytes.
  fileprivate init(littleEndian bytes: UnsafeRawBufferPointer) {
    first = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    second = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
  }
}
