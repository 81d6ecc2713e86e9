import Dialogue
import Testing

@testable import Scenes

/// What is asked about a scene, and what is answered.
struct TalkTests {
  private static func object(
    _ kind: ObjectKind, _ colour: SceneColour?, _ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double
  ) -> SceneObject {
    SceneObject(kind: kind, colour: colour, x0: x0, y0: y0, x1: x1, y1: y1, rotation: 0)
  }

  /// Two red stars, a blue circle and a pair of scissors, 200 × 100.
  private static let scene = Scene(
    width: 200, height: 100,
    objects: [
      object(.scissors, nil, 150, 60, 190, 90), object(.star, .red, 10, 10, 50, 50),
      object(.circle, .blue, 80, 40, 100, 60),
      object(.star, .red, 110, 5, 140, 35),
    ], seed: 1)

  private static func answers(_ aspect: TalkAspect, _ style: TalkStyle = .plain, of scene: Scene = scene) -> Set<String>
  {
    Set(
      (0..<20).flatMap { SceneTalk(scene: scene, style: style, seed: $0, aspects: [aspect]).turns(count: 6) }.map(
        \.answer))
  }

  @Test func everythingSaidIsTrueAndMeansOneThing() {
    var counts: [QuestionForm: Int] = [:]
    for seed in UInt64(0)..<1000 {
      let scene = randomScene(seed)
      let truth = TalkTruth(scene: scene)
      var maker = QuestionMaker(scene: scene, random: TalkRandom(seed: seed))
      for aspect in TalkAspect.allCases {
        for _ in 0..<8 {
          let drafts = maker.drafts(aspect)
          #expect(truth.faultOfPronouns(drafts) == nil)
          for draft in drafts {
            counts[draft.form, default: 0] += 1
            if let fault = truth.fault(draft) {
              Issue.record("\(fault): \(draft) about \(scene)")
              return
            }
          }
        }
      }
    }
    for form in QuestionForm.allCases { #expect(counts[form, default: 0] > 20, "\(form)") }
  }

  @Test func theSameSeedGivesTheSameTalk() {
    for seed in UInt64(0)..<40 {
      let scene = randomScene(seed)
      for style in TalkStyle.allCases {
        let turns = SceneTalk(scene: scene, style: style, seed: seed).turns(count: 8)
        #expect(turns == SceneTalk(scene: scene, style: style, seed: seed).turns(count: 8))
        #expect(turns != SceneTalk(scene: scene, style: style, seed: seed + 1).turns(count: 8))
        #expect(turns.count == 8)
        let whole = turns.filter { !$0.followsPrevious }.map(\.instruction)
        #expect(Set(whole).count == whole.count)
      }
    }
  }

  @Test func onlyTheAspectsThatAreWantedComeUp() {
    for aspect in TalkAspect.allCases {
      let turns = SceneTalk(scene: Self.scene, seed: 5, aspects: [aspect]).turns(count: 5)
      #expect(!turns.isEmpty)
      #expect(turns.allSatisfy { $0.aspect == aspect && $0.task == aspect.task })
      #expect(turns.allSatisfy { $0.instruction == (aspect.task.map { $0.tag + " " } ?? "") + $0.question })
    }
    #expect(SceneTalk(scene: Self.scene, seed: 5, aspects: []).turns(count: 5).isEmpty)
    #expect(SceneTalk(scene: Self.scene, seed: 5).turns(count: 0).isEmpty)
  }

  // MARK: Balance

  @Test func yesAndNoAndNumbersAreBalanced() {
    var yes: [TalkAspect: Int] = [:]
    var no: [TalkAspect: Int] = [:]
    var negatedYes = 0
    var negated = 0
    var numbers = [Int](repeating: 0, count: 7)
    for seed in UInt64(0)..<2000 {
      let aspects: Set<TalkAspect> = [.presence, .position, .size, .count, .colour]
      for turn in SceneTalk(scene: randomScene(seed), seed: seed, aspects: aspects).turns(count: 4) {
        if turn.answer == "yes" { yes[turn.aspect, default: 0] += 1 }
        if turn.answer == "no" { no[turn.aspect, default: 0] += 1 }
        if let number = Int(turn.answer) { numbers[number] += 1 }
        let question = turn.question.lowercased()
        if turn.aspect == .presence,
          ["n't", "no ", " not "].contains(where: { (part: String) in question.contains(part) })
        {
          negated += 1
          if turn.answer == "yes" { negatedYes += 1 }
        }
      }
    }
    for aspect in [TalkAspect.presence, .position, .size, .colour] {
      let share = Double(yes[aspect] ?? 0) / Double((yes[aspect] ?? 0) + (no[aspect] ?? 0))
      #expect(abs(share - 0.5) < 0.06, "\(aspect): \(share)")
    }
    #expect(negated > 300)
    #expect(abs(Double(negatedYes) / Double(negated) - 0.5) < 0.06)
    let total = numbers.reduce(0, +)
    for number in 0...6 {
      let share = Double(numbers[number]) / Double(total)
      #expect(share > 0.04 && share < 0.3, "\(number): \(share)")
    }
  }

  @Test func slipsAreRareAndLeaveBoxesAlone() {
    var random = TalkRandom(seed: 4)
    let text = "what colour is the leftmost triangle"
    let slips = (0..<20000).filter { _ in
      QuestionNoise.apply(text + "?", &random).lowercased().prefix(text.count) != text
    }
    #expect(slips.count > 400 && slips.count < 1000)
    let region = "region {<10><20><30><40>} whatever it contains"
    for _ in 0..<2000 { #expect(QuestionNoise.apply(region, &random).dropFirst().hasPrefix(region.dropFirst())) }
  }

  @Test func thereAreManyWaysToAsk() {
    for form in QuestionForm.allCases {
      #expect(English.wordings(form).count >= 6)
      #expect(Spanish.wordings(form).count >= 6)
    }
    var openings: [TalkAspect: Set<String>] = [:]
    for seed in UInt64(0)..<300 {
      for turn in SceneTalk(scene: Self.scene, style: .spanish, seed: seed).turns(count: 8) {
        openings[turn.aspect, default: []].insert(turn.question.lowercased())
        let isWhole = !["  ", "()", "[", "|", "¿?", " ?", " ,"].contains { (part: String) in
          turn.question.contains(part)
        }
        #expect(isWhole && !turn.question.hasPrefix(" ") && !turn.question.hasSuffix(" "), "\(turn.question)")
        if turn.aspect != .identify { #expect(!turn.question.contains("{"), "\(turn.question)") }
      }
    }
    for aspect in TalkAspect.allCases { #expect(openings[aspect, default: []].count >= 24, "\(aspect)") }
  }

  // MARK: Words

  @Test func everythingIsNamedInReadingOrder() {
    #expect(Self.answers(.caption) == ["two red stars, a blue circle and a pair of scissors"])
    #expect(
      Self.answers(.caption, .sentences) == ["The picture shows two red stars, a blue circle and a pair of scissors."])
    #expect(Self.answers(.caption, .spanish) == ["dos estrellas rojas, un círculo azul y una tijera"])
    let stars = "{<5><10><25><50>}<delim>{<55><5><70><35>}"
    let rest = ["{<40><40><50><60>}", "{<75><60><95><90>}"]
    #expect(
      Self.answers(.grounding) == [
        "<p>two red stars</p> \(stars), <p>a blue circle</p> \(rest[0]) and <p>a pair of scissors</p> \(rest[1])"
      ])
    let detected = Self.answers(.detection)
    #expect(detected.contains("<p>star</p> \(stars)"))
    #expect(detected.contains("<p>scissors</p> \(rest[1])"))
    #expect(detected.contains("not there"))
    #expect(Self.answers(.detection, .spanish).contains("<p>estrella roja</p> \(stars)"))
    let empty = Scene(width: 64, height: 64, objects: [], seed: 0)
    #expect(Self.answers(.caption, of: empty) == ["nothing"])
    #expect(Self.answers(.count, of: empty) == ["0"])
  }

  @Test func plainAnswersAreFew() {
    #expect(Self.answers(.colour).isSubset(of: Self.absences.union(["red", "blue", "yes", "no"])))
    #expect(Self.answers(.shape).subtracting(Self.absences) == ["star", "circle"])
    #expect(Self.answers(.count).isSubset(of: ["0", "1", "2", "3", "4"]))
    #expect(Self.answers(.presence) == ["yes", "no"])
    #expect(Self.answers(.refer).isSuperset(of: ["{<40><40><50><60>}", "{<75><60><95><90>}", "not there"]))
    #expect(Self.answers(.identify) == ["a red star", "a blue circle", "a pair of scissors", "nothing"])
  }

  private static var absences: Set<String> {
    let kinds = ObjectKind.allCases.map { English.bare(Description(.kind($0))) }
    let shapes = SceneColour.allCases.map { "\($0) shape" }
    return Set((kinds + shapes).map { "there is no \($0)" })
  }

  @Test func aNegatedQuestionIsAnsweredAboutTheFact() {
    for seed in UInt64(0)..<200 {
      for turn in SceneTalk(scene: Self.scene, style: .sentences, seed: seed, aspects: [.presence]).turns(count: 4) {
        #expect(turn.answer.hasPrefix("Yes, there ") != turn.answer.hasPrefix("No, there is no "), "\(turn)")
      }
    }
  }

  @Test func sentencesAreSentences() {
    for seed in UInt64(0)..<200 {
      for turn in SceneTalk(scene: randomScene(seed), style: .sentences, seed: seed).turns(count: 8) {
        #expect(turn.answer.hasSuffix("."))
        #expect(turn.answer.first?.isUppercase == true)
      }
    }
    let star = Description(.red, .kind(.star))
    let dog = Description(.kind(.dog), .furthest(.left))
    func text(_ answer: TalkAnswer) -> String { answer.text(.sentences) }
    #expect(text(.colour(.red, of: dog)) == "The leftmost dog is red.")
    #expect(text(.number(2, star)) == "There are two red stars.")
    #expect(text(.number(1, star)) == "There is one red star.")
    #expect(text(.number(0, star)) == "There are no red stars.")
    #expect(text(.statement(.exist(0, star))) == "No, there is no red star.")
    #expect(
      text(.statement(.isInDirection(star, .left, dog, actual: .right)))
        == "No, the red star is to the right of the leftmost dog.")
    #expect(
      text(.statement(.isBigger(star, asked: true, dog, actual: true)))
        == "Yes, the red star is bigger than the leftmost dog.")
    #expect(text(.place(.middle, of: star)) == "The red star is in the middle.")
  }

  @Test func spanishAgrees() {
    func object(_ kind: ObjectKind, _ colour: SceneColour? = nil) -> Description { Description(colour, .kind(kind)) }
    #expect(Spanish.counted(1, object(.star, .red)) == "una estrella roja")
    #expect(Spanish.counted(2, object(.dog)) == "dos perros")
    #expect(Spanish.counted(3, object(.heart, .yellow)) == "tres corazones amarillos")
    #expect(Spanish.counted(2, object(.cross, .blue)) == "dos cruces azules")
    #expect(Spanish.counted(2, object(.star, .brown)) == "dos estrellas marrones")
    #expect(Spanish.counted(4, object(.bus)) == "cuatro autobuses")
    #expect(Spanish.counted(5, object(.fish)) == "cinco peces")
    #expect(Spanish.counted(2, object(.umbrella)) == "dos paraguas")
    #expect(Spanish.no(object(.circle, .black)) == "ningún círculo negro")
    #expect(Spanish.no(object(.guitar)) == "ninguna guitarra")
    let nearDog = Description(.red, .kind(.star), .relation(.left, colour: nil, .kind(.dog)))
    #expect(Spanish.the(nearDog) == "la estrella roja a la izquierda del perro")
    #expect(Spanish.the(Description(.kind(.cat), .outstanding(biggest: false))) == "el gato más pequeño")
    #expect(Spanish.the(Description(.kind(.star), .place(.middle))) == "la estrella del centro")
    #expect(Spanish.the(Description(.kind(.star), .place(Place(column: .left)))) == "la estrella de la izquierda")
    #expect(Spanish.contracted("a el perro de el gato") == "al perro del gato")
    #expect(TalkAnswer.absent(object(.star)).text(.spanish) == "no hay ninguna estrella")
    #expect(TalkAnswer.colour(.red, of: object(.star)).text(.spanish) == "rojo")
  }

  @Test func englishArticlesAndPluralsAreRight() {
    let words: [(ObjectKind, String, String)] = [
      (.airplane, "an airplane", "two airplanes"), (.fish, "a fish", "two fish"), (.cross, "a cross", "two crosses"),
      (.strawberry, "a strawberry", "two strawberries"), (.bus, "a bus", "two buses"),
      (.umbrella, "an umbrella", "two umbrellas"),
      (.scissors, "a pair of scissors", "two pairs of scissors"),
    ]
    for (kind, one, two) in words {
      #expect(English.counted(1, Description(.kind(kind))) == one)
      #expect(English.counted(2, Description(.kind(kind))) == two)
    }
    #expect(English.a(Description(.orange, .kind(.star))) == "an orange star")
  }
}
