/// Where a user's files are, by the XDG base directory specification.
public struct UserFolders: Sendable, Equatable {
  /// Settings: `config.yaml`.
  public let configuration: String
  /// Conversations and adapters.
  public let data: String
  /// What would be missed little: the history of the input line.
  public let state: String
  /// What can be made again.
  public let cache: String

  /// The folders `tinygptv` in the environment's; relative paths in it do not count.
  ///
  /// - Parameters:
  ///   - environment: the variables, such as `ProcessInfo.processInfo.environment`.
  ///   - home: the user's home folder where `HOME` is not set.
  ///   - data: takes the place of all four, with `config`, `state` and `cache` in it.
  public init(environment: [String: String], home: String = "/", data: String? = nil) {
    if let data {
      self.data = data
      configuration = data + "/config"
      state = data + "/state"
      cache = data + "/cache"
      return
    }
    let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home
    func folder(_ variable: String, _ usual: String) -> String {
      let base = environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home + "/" + usual
      return (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/tinygptv"
    }
    configuration = folder("XDG_CONFIG_HOME", ".config")
    self.data = folder("XDG_DATA_HOME", ".local/share")
    state = folder("XDG_STATE_HOME", ".local/state")
    cache = folder("XDG_CACHE_HOME", ".cache")
  }

  /// The configuration file.
  public var configurationFile: String { configuration + "/config.yaml" }
  /// Where conversations are kept.
  public var sessions: String { data + "/sessions" }
  /// Where a user puts adapters.
  public var adapters: String { data + "/adapters" }
  /// What became of pictures in earlier runs.
  public var pictures: String { cache + "/pictures" }
  /// What was typed before.
  public var inputHistory: String { state + "/history" }
}
