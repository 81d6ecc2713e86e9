/// The last row: model, adapter, task and figures, as far as there is room.
///
/// What matters less goes first, in this order: tokens a second, context, temperature, the words "adapter" and "task",
/// the help key, the model's name. Adapter and task stay; where even these are too long they are cut.
struct StatusLine {
  let text: String
  /// Stands at the right.
  let help: String

  init(_ state: ChatState) {
    let width = state.columns
    let model =
      switch state.model {
      case .opening: "loading the model"
      case .failed: "no model"
      case .ready: CleanText.line(state.description?.name ?? "")
      }
    let adapter = CleanText.line(state.adapter ?? "none")
    let named = ["adapter: \(adapter)", "task: \(state.task?.rawValue ?? "none")"]
    let bare = [adapter] + (state.task.map { [$0.rawValue] } ?? [])
    let temperature = state.sampling.temperature > 0 ? ["temp \(state.sampling.temperature)"] : []
    var speed: [String] = []
    var context: [String] = []
    if let statistics = state.lastStatistics {
      if statistics.tokensPerSecond > 0 { speed = ["\(statistics.tokensPerSecond.formatted(decimals: 1)) tok/s"] }
      context = ["context \(statistics.contextUsed)/\(statistics.contextSize)"]
    }
    let name = state.named(.help)
    let key = name.hasPrefix("/") ? name + " " : "\(name) help "
    let choices: [(parts: [String], help: String)] = [
      ([model] + named + speed + context + temperature, key), ([model] + named + context + temperature, key),
      ([model] + named + temperature, key), ([model] + named, key), ([model] + bare, key), ([model] + bare, ""),
      (bare, ""),
    ]
    func line(_ parts: [String]) -> String { " " + parts.joined(separator: " │ ") }
    let fitting = choices.first {
      DisplayWidth.of(line($0.parts)) + ($0.help.isEmpty ? 0 : DisplayWidth.of($0.help) + 2) <= width
    }
    text = line(fitting?.parts ?? bare)
    help = fitting?.help ?? ""
  }
}
