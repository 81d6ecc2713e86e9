#if canImport(Glibc)
  import Glibc
#endif

/// How much memory can be had, so that what will not fit is refused and not begun.
package enum SystemMemory {
  /// Bytes that this program can have without swapping: `MemAvailable` of `/proc/meminfo`, or less where a container's
  /// control group (version 2) allows less; nil where it cannot be read.
  package static var available: Int? {
    guard let kilobytes = number(after: "MemAvailable:", in: "/proc/meminfo") else { return nil }
    let free = kilobytes.multipliedReportingOverflow(by: 1024).partialValue
    return min(free, availableInGroup("/sys/fs/cgroup") ?? free)
  }

  /// What a control group (version 2) leaves its processes, where pages of files count as free; nil without a limit.
  static func availableInGroup(_ folder: String) -> Int? {
    guard let limit = number(after: nil, in: folder + "/memory.max"),
      let used = number(after: nil, in: folder + "/memory.current")
    else { return nil }
    let files = ["inactive_file", "active_file"].compactMap { number(after: $0, in: folder + "/memory.stat") }
    return max(0, limit - used + files.reduce(0, +))
  }

  /// The number behind a word that begins a line of a file, or the file's first word.
  private static func number(after name: String?, in path: String) -> Int? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split {
        $0 == " " || $0 == "\n"
      }
      guard let name else { return words.first.flatMap { Int($0) } }
      if words.first == name[...] { return words.count > 1 ? Int(words[1]) : nil }
    }
    return nil
  }

  /// Whether the process may have so many bytes more: its own limits count, which the system's free memory does not show.
  package static func canAllocate(_ bytes: Int) -> Bool {
    // Not malloc: a compiler may leave that out, as nothing is written to it.
    let address = mmap(nil, max(bytes, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED else { return false }
    munmap(address, max(bytes, 1))
    return true
  }

  /// `1.3 GB`, `250 MB`.
  package static func text(_ bytes: Int) -> String {
    let megabytes = Double(bytes) / 1_000_000
    return megabytes < 1000
      ? "\(Int(megabytes.rounded(.up))) MB" : "\((megabytes / 100).rounded(.up) / 10) GB"
  }
}
