import Foundation
import Testing

@testable import Scenes

/// Scores of answers made by hand.
struct AnswerScoreTests {
  private func score(_ aspect: TalkAspect, _ expected: String, _ answer: String) -> AnswerScore {
    AnswerScore(aspect: aspect, expected: expected, answer: answer)
  }

  @Test func wordsMustBeEqual() {
    for answer in ["red", "Red", " red. ", "RED\n"] { #expect(score(.colour, "red", answer).isCorrect) }
    for answer in ["", "dark red", "red..", "red, I think", "re d"] {
      #expect(!score(.colour, "red", answer).isCorrect)
    }
    #expect(score(.identify, "a red star", "A red star.").isCorrect)
    #expect(!score(.identify, "a red star", "a star").isCorrect)
    #expect(score(.chat, "The star is red.", "the star is red").isCorrect)
  }

  @Test func aReferredBoxMustOverlapByMoreThanHalf() {
    let wanted = "{<10><10><19><19>}"
    #expect(score(.refer, wanted, "It is here: {<10><10><19><19>}.").overlap == 1)
    // 10 × 10 and 10 × 20 with their edges: exactly a half.
    let half = score(.refer, wanted, "{<10><10><19><29>}")
    #expect(half.overlap == 0.5 && !half.isCorrect)
    #expect(score(.refer, wanted, "{<10><10><19><28>}").isCorrect)
    for answer in ["", "not there", "{<10><10><19>}", "{<10><10><19><19>}<delim>{<10><10><19><19>}", "10 10 19 19"] {
      #expect(score(.refer, wanted, answer).overlap == 0)
      #expect(!score(.refer, wanted, answer).isCorrect)
    }
    #expect(score(.refer, "not there", "Not there.").isCorrect)
    #expect(score(.refer, "not there", "not there").overlap == nil)
    #expect(!score(.refer, "not there", wanted).isCorrect)
  }

  @Test func boxesArePairedByNameAndOverlap() {
    let wanted = "<p>star</p> {<0><0><9><9>}<delim>{<50><50><59><59>} and <p>dog</p> {<80><0><99><20>}"
    let all = score(
      .detection, wanted, "<p>dogs</p> {<80><0><99><20>}, <p>two stars</p> {<50><50><59><59>}<delim>{<0><0><9><9>}")
    #expect(all.isCorrect && all.truePositives == 3 && all.predicted == 3 && all.actual == 3)
    // The same box twice is right once; a dog's box called star is wrong; a broken box is wrong.
    let some = score(
      .detection, wanted, "<p>star</p> {<0><0><9><9>}<delim>{<0><0><9><9>}<delim>{<80><0><99><20>} {<1><2>}")
    #expect(some.truePositives == 1 && some.predicted == 4 && some.actual == 3 && !some.isCorrect)
    let none = score(.detection, "not there", "<p>star</p> {<0><0><9><9>}")
    #expect(none.truePositives == 0 && none.predicted == 1 && none.actual == 0 && !none.isCorrect)
    #expect(score(.detection, "not there", "not there").isCorrect)
    #expect(!score(.detection, "not there", "").isCorrect)
    let spanish = score(
      .grounding, "<p>dos estrellas rojas</p> {<0><0><9><9>}<delim>{<50><50><59><59>}",
      "<p>una estrella roja</p> {<0><0><9><9>} y <p>una estrella roja</p> {<50><50><59><59>}")
    #expect(spanish.isCorrect)
  }

  @Test func captionsAreComparedAsMultisets() {
    let wanted = "two red stars, a blue circle and a pair of scissors"
    #expect(score(.caption, wanted, "The picture shows a blue circle, scissors, a red star and a red star.").isCorrect)
    #expect(score(.caption, "dos estrellas rojas y un perro", "a dog and two red stars").isCorrect)
    let some = score(.caption, wanted, "three red stars, a red circle and a unicorn")
    #expect(some.truePositives == 2 && some.predicted == 5 && some.actual == 4 && !some.isCorrect)
    let silent = score(.caption, wanted, "")
    #expect(silent.truePositives == 0 && silent.predicted == 0 && silent.actual == 4)
    #expect(score(.caption, "nothing", "Nothing.").isCorrect)
    #expect(score(.caption, "nothing", "a dog").predicted == 1)
  }

  @Test func everyTalkIsRightAboutItself() {
    for seed in UInt64(0)..<200 {
      for style in TalkStyle.allCases {
        for turn in SceneTalk(scene: randomScene(seed), style: style, seed: seed).turns(count: 8) {
          #expect(AnswerScore(aspect: turn.aspect, expected: turn.answer, answer: turn.answer).isCorrect, "\(turn)")
        }
      }
    }
  }

  @Test func aReportAddsUp() throws {
    var report = EvaluationReport()
    report.add(score(.colour, "red", "red"))
    report.add(score(.colour, "red", "blue"))
    report.add(score(.count, "2", "2"))
    var other = EvaluationReport()
    other.add(score(.refer, "{<10><10><19><19>}", "{<10><10><19><19>}"))
    other.add(score(.refer, "{<10><10><19><19>}", ""))
    other.add(score(.refer, "not there", "not there"))
    other.add(score(.caption, "a dog and a cat", "a dog"))
    report.add(other)
    let rows = report.rows
    #expect(rows.map(\.name) == ["vqa", "vqa colour", "vqa count", "refer", "caption"])
    #expect(rows.map(\.count) == [3, 2, 1, 3, 1])
    #expect(rows[1].score == 0.5 && rows[2].score == 1 && rows[3].meanOverlap == 0.5)
    #expect(rows[4].precision == 1 && rows[4].recall == 0.5 && rows[4].f1 == 2.0 / 3)
    #expect(rows[0].precision == nil && rows[0].meanOverlap == nil)
    #expect(try JSONDecoder().decode([EvaluationReport.Row].self, from: report.json()) == rows)
    let lines = report.table.split(separator: "\n")
    #expect(lines.count == 6 && Set(lines.map(\.count)).count == 1)
    #expect(lines[1].hasPrefix("vqa ") && lines[1].contains("66.7"))
    #expect(EvaluationReport().rows.isEmpty)
  }
}
