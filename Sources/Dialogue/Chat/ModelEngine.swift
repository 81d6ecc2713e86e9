import Diagnostics
import Foundation
import Pictures
import TinyGPTV

/// What a chat's engine is made from.
public struct ModelEngineOptions: Sendable {
  /// The model file.
  public var modelPath: String
  /// Adapters to read when the model is loaded: PEFT directories or GGUF adapters. A conversation begins with the first
  /// of them, else with the model's own.
  public var adapterPaths: [String] = []
  /// A folder with more of them, which need not be there. They are read when they are first asked for.
  public var adapterFolder: String?
  /// What people should know about the model before they ask.
  public var notice: String?
  /// Whether weights are brought into memory while the model is loaded, so that the first answer does not wait for the
  /// disk, and then copied in the order in which they are read fastest; unless they take more than half of what is free.
  public var readsAhead = true

  /// Where what became of pictures is kept for later runs; nil keeps nothing.
  public var pictureFolder: String?

  /// Options with defaults for everything but the model.
  public init(modelPath: String) { self.modelPath = modelPath }
}

/// The engine of a chat: a model in this process, on a thread of its own.
///
/// Pictures are remembered by content (``PictureMemory/limit`` of them), the keys and values of the last prompt by its
/// turns. Neither is ever used for anything else than what it was computed from, see ``PromptBlock``.
public final class ModelEngine: ChatEngine {
  private let options: ModelEngineOptions
  private let queue = DispatchQueue(label: "tinygptv.chat")
  /// Touched on ``queue`` alone.
  private nonisolated(unsafe) var session: ModelSession?

  /// An engine that loads nothing before ``open()`` or the first question.
  public init(_ options: ModelEngineOptions) { self.options = options }

  /// Loads the model.
  public func open() -> AsyncStream<OpenEvent> {
    stream { [self] stop, yield in
      do throws(ModelFault) {
        let session = try load(stop) { yield(.progress(.loadingModel, fraction: $0)) }
        yield(.ready(session.description))
      } catch {
        yield(.failed(ChatFailure(error)))
      }
    }
  }

  /// Reads and encodes a picture.
  public func prepare(picture: String, adapter: String?) -> AsyncStream<ChatEvent> {
    stream { [self] stop, yield in
      do throws(ModelFault) {
        let session = try load(stop) { yield(.stage(.loadingModel, fraction: $0)) }
        try session.use(adapter: adapter)
        var seconds: [ChatStage: Double] = [:]
        guard try session.picture(at: picture, stop, &seconds, yield) != nil else { return }
        yield(.prepared(seconds: seconds.values.reduce(0, +)))
      } catch {
        yield(.failed(ChatFailure(error)))
      }
    }
  }

  /// Answers a request.
  public func answer(_ request: ChatRequest) -> AsyncStream<ChatEvent> {
    stream { [self] stop, yield in
      do throws(ModelFault) {
        let session = try load(stop) { yield(.stage(.loadingModel, fraction: $0)) }
        if let statistics = try session.answer(request, stop, yield) { yield(.finished(statistics)) }
      } catch {
        yield(.failed(ChatFailure(error)))
      }
    }
  }

  /// Lets tests look at what was computed.
  func inspect<Result>(_ body: (ModelCore) -> Result) -> Result? { queue.sync { session.map { body($0.core) } } }

  private func load(_ stop: StopFlag, report: (Double?) -> Void) throws(ModelFault) -> ModelSession {
    if let session { return session }
    report(nil)
    let session = try ModelSession(options)
    // What is not read now comes when it is needed; that the reader went away is no reason to load again.
    self.session = session
    if options.readsAhead, session.core.model.hasRoomToReadAhead {
      session.readAhead(stop, report)
    }
    return session
  }

  /// A stream of what `body` tells on the engine's thread, behind all that was asked for before.
  private func stream<Event: Sendable>(
    _ body: @escaping @Sendable (StopFlag, (Event) -> Void) -> Void
  ) -> AsyncStream<Event> {
    AsyncStream { continuation in
      let stop = StopFlag()
      continuation.onTermination = { _ in stop.set() }
      queue.async {
        if !stop.isSet { body(stop) { continuation.yield($0) } }
        continuation.finish()
      }
    }
  }
}

extension ChatFailure {
  init(_ fault: ModelFault) { self.init(fault.kind, fault.error) }
}
