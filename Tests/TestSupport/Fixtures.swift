import Foundation

/// Where the files are that tests compare with. `Tests/Fixtures/README.md` says where they come from.
public enum Fixtures {
  /// `Tests/Fixtures`.
  public static let directory = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures")

  /// The path of a file in `Tests/Fixtures`.
  public static func path(_ relative: String) -> String {
    directory.appendingPathComponent(relative).path
  }
}
