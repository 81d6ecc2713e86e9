import Dialogue

/// A conversation about a scene: questions that have one answer, and the answers that the picture shows. The same scene,
/// style and seed give the same talk.
///
/// What is agreed:
/// - Things are named from left to right by the centres of their boxes, those in one column from top to bottom; things that
///   look the same are named together, where the first of them stands.
/// - "Yes" always means that it is there, as in English: "is there no dog?" is answered "no" where there is none and "yes"
///   where there is one.
/// - A is left of B when their centres differ by 8 % of the width at least and that is not small beside their difference in
///   height; bigger when its box has 1.4 times the area. What is less clear is not asked.
/// - Icons have no colour to talk about. A thing is told from others by its name, colour, size, place or neighbour, and
///   always so that it is the only one that fits.
/// - What is not there is told: "no", "0", "there is no dog", and "not there" for `[refer]` and `[detection]`.
/// - Boxes are in whole percents, each edge rounded.
public struct SceneTalk {
  private let style: TalkStyle
  private let seed: UInt64
  private let aspects: [(aspect: TalkAspect, weight: Double)]
  private let maker: QuestionMaker

  /// A talk about a scene.
  ///
  /// - Parameters:
  ///   - scene: what is talked about. Objects lie within it.
  ///   - style: how answers sound.
  ///   - seed: decides what is asked and how.
  ///   - aspects: what may be asked; nil: all.
  public init(scene: Scene, style: TalkStyle = .plain, seed: UInt64, aspects: Set<TalkAspect>? = nil) {
    self.style = style
    self.seed = seed
    self.aspects = TalkAspect.allCases.filter { aspects?.contains($0) ?? true }.map { ($0, Self.weight($0)) }
    maker = QuestionMaker(scene: scene, random: TalkRandom(seed: seed ^ 0x7461_6c6b))
  }

  /// How often each aspect comes up.
  private static func weight(_ aspect: TalkAspect) -> Double {
    switch aspect {
    case .position: 10
    case .colour, .kind, .count, .presence: 8
    case .shape: 5
    case .size: 6
    case .refer: 15
    case .identify, .detection: 9
    case .chat: 6
    case .grounding, .caption: 5
    }
  }

  /// Different questions with their answers, in the order of the conversation; fewer than `count` where the scene does not
  /// have as many.
  public func turns(count: Int) -> [SceneTurn] {
    var maker = maker
    var turns: [SceneTurn] = []
    var asked: Set<String> = []
    var keys: Set<String> = []
    // The same in other words only when nothing else turns up.
    for attempt in 0..<max(40 * count, 0) {
      guard turns.count < count else { break }
      guard let aspect = maker.random.pick(aspects, weight: \.weight)?.aspect else { break }
      let drafts = maker.drafts(aspect)
      guard attempt >= 20 * count || drafts.allSatisfy({ !keys.contains($0.key) }) else { continue }
      let isSpanish = style == .spanish && maker.random.chance(0.5)
      let made = drafts.map { draft in
        let question = Self.question(draft, inSpanish: isSpanish, &maker.random)
        return SceneTurn(
          aspect: draft.aspect, question: question, answer: draft.answer.text(style),
          followsPrevious: draft.followsPrevious)
      }
      guard made.allSatisfy({ $0.followsPrevious || !asked.contains($0.instruction) }) else { continue }
      asked.formUnion(made.map(\.instruction))
      keys.formUnion(drafts.map(\.key))
      turns += made.prefix(count - turns.count)
    }
    return turns
  }

  private static func question(_ draft: QuestionDraft, inSpanish: Bool, _ random: inout TalkRandom) -> String {
    guard inSpanish else {
      let wording = random.pick(English.wordings(draft.form))
      let text = wording?.text(&random) { English.fill($0, draft.topic, &$1) } ?? ""
      return QuestionNoise.apply(text, &random)
    }
    var filler = Spanish.Filler(draft.topic, &random)
    let wording = random.pick(Spanish.wordings(draft.form))
    let text = wording?.text(&random) { slot, _ in filler.fill(slot) } ?? ""
    return QuestionNoise.applyInSpanish(Spanish.contracted(text), &random)
  }
}
