#if canImport(Glibc)
  import Glibc
#endif

/// How much memory can be had, so that what will not fit is refused and not begun.
enum SystemMemory {
  /// Bytes that programs can have without swapping (`MemAvailable` of `/proc/meminfo`); nil where it cannot be read.
  static var available: Int? {
    guard let file = fopen("/proc/meminfo", "re") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split {
        $0 == " " || $0 == "\n"
      }
      guard words.first == "MemAvailable:" else { continue }
      guard words.count > 1, let kilobytes = Int(words[1]) else { return nil }
      return kilobytes.multipliedReportingOverflow(by: 1024).partialValue
    }
    return nil
  }

  /// Whether the process may have so many bytes more: its own limits count, which the system's free memory does not show.
  static func canAllocate(_ bytes: Int) -> Bool {
    // Not malloc: a compiler may leave that out, as nothing is written to it.
    let address = mmap(nil, max(bytes, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED else { return false }
    munmap(address, max(bytes, 1))
    return true
  }

  /// `1.3 GB`, `250 MB`.
  static func text(_ bytes: Int) -> String {
    let megabytes = Double(bytes) / 1_000_000
    return megabytes < 1000
      ? "\(Int(megabytes.rounded(.up))) MB" : "\((megabytes / 100).rounded(.up) / 10) GB"
  }
}
