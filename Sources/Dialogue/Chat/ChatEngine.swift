/// What a chat talks to: the model in this process, or a script in its place.
///
/// An engine keeps no conversation. Every request carries all that its answer depends on, and what an engine has computed
/// before is used again only where it is the same; so undoing, asking again, switching adapters and going on with a stored
/// conversation need no word to the engine.
///
/// Requests are worked on one after another, in the order in which they came. To stop one, stop reading its stream (cancel
/// the task that reads): the work ends within a layer of the model or a token.
public protocol ChatEngine: Sendable {
  /// Loads the model, once; later calls tell the same again. Ends with ``OpenEvent/ready(_:)`` or ``OpenEvent/failed(_:)``,
  /// and after a failure may be tried again.
  func open() -> AsyncStream<OpenEvent>

  /// Works on a picture in the background, so that a question finds it ready. Ends with ``ChatEvent/prepared(_:)`` or
  /// ``ChatEvent/failed(_:)``.
  ///
  /// - Parameters:
  ///   - picture: the path of the picture's file.
  ///   - adapter: the adapter that will probably answer.
  func prepare(picture: String, adapter: String?) -> AsyncStream<ChatEvent>

  /// One answer. Ends with ``ChatEvent/finished(_:)`` or ``ChatEvent/failed(_:)``.
  func answer(_ request: ChatRequest) -> AsyncStream<ChatEvent>
}

/// What an engine tells while it opens.
public enum OpenEvent: Sendable, Equatable {
  /// How far it is: the stage, and in 0...1 how much of it is done, where that is known.
  case progress(ChatStage, fraction: Double?)
  /// Questions are answered from now on.
  case ready(ChatModelDescription)
  /// It will not open.
  case failed(ChatFailure)
}

/// What there is to talk to.
public struct ChatModelDescription: Sendable, Equatable {
  /// An adapter that can be asked for.
  public struct Adapter: Sendable, Equatable {
    /// What ``ChatRequest/adapter`` calls it; never `none`.
    public var name: String
    /// One line about it: where it comes from.
    public var summary: String

    /// Describes an adapter.
    public init(name: String, summary: String) {
      self.name = name
      self.summary = summary
    }
  }

  /// What people call the model: its file's name without the extension.
  public var name: String
  /// The adapters in the order in which a key goes through them. The bare model is not among them.
  public var adapters: [Adapter]
  /// The adapter that a conversation begins with; nil for the bare model.
  public var defaultAdapter: String?
  /// How many tokens a conversation may have.
  public var contextSize: Int
  /// Whether it can look at pictures.
  public var hasVision: Bool
  /// What people should know before they ask, such as that this model is a sample whose answers mean nothing.
  public var notice: String?

  /// Describes a model.
  public init(
    name: String, adapters: [Adapter], defaultAdapter: String?, contextSize: Int, hasVision: Bool = true,
    notice: String? = nil
  ) {
    self.name = name
    self.adapters = adapters
    self.defaultAdapter = defaultAdapter
    self.contextSize = contextSize
    self.hasVision = hasVision
    self.notice = notice
  }
}
