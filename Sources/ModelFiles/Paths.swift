import Diagnostics

#if canImport(Glibc)
  import Glibc
#endif

/// Whether there is a directory at this path (or a link to one).
package func isDirectory(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Whether there is anything at this path.
package func exists(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0
}

/// `directory/name`, without doubling the slash.
package func join(_ directory: String, _ name: String) -> String {
  directory.hasSuffix("/") ? directory + name : directory + "/" + name
}

/// Makes a directory and those above it, if they are not there yet.
///
/// - Parameter mode: who may do what with those that are made, less what the process' mask takes away.
package func makeDirectory(_ path: String, mode: mode_t = 0o777) throws(InputError) {
  if mkdir(path, mode) == 0 { return }
  var reason = errno
  if reason == ENOENT, let slash = path.utf8.lastIndex(of: 0x2f), slash > path.startIndex {
    try makeDirectory(String(path[..<slash]), mode: mode)
    if mkdir(path, mode) == 0 { return }
    reason = errno
  }
  if reason == EEXIST, isDirectory(path) { return }
  throw InputError(
    file: path, expected: "a directory that can be made", found: String(cString: strerror(reason)),
    remedy: "Name another directory, or one that you may write to.")
}
